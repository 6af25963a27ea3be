-- SPDX-License-Identifier: MIT
-- Has a function called inside each transaction that ends jobs of a queue, whoever ends them:
-- p_function(ids bigint[], state text, outputs jsonb[]) returns void, state being completed, failed or
-- cancelled. NULL takes the hook away. An application keeps its own tables in step with this.
create or replace function /*schema*/set_end_hook(p_queue text, p_function text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
begin
  perform /*schema*/get_queue(p_queue);
  -- regproc prints the name quoted, and qualified because the search_path holds no schema of ours
  update /*schema*/queue
    set end_hook = (p_function || '(bigint[], text, jsonb[])')::regprocedure::oid::regproc::text
    where name = p_queue;
end $f$;
