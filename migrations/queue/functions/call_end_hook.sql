-- SPDX-License-Identifier: MIT
-- Calls the end hook of a queue in the transaction that ends its jobs. With the planner's settings as they come:
-- those that finish() forces on its own statements would be bad for the hook's.
create or replace function /*schema*/call_end_hook(p_hook text, p_ids bigint[], p_state text, p_outputs jsonb[]) returns void
language plpgsql
set enable_seqscan = on set enable_bitmapscan = on set enable_nestloop = on set enable_mergejoin = on set enable_hashjoin = on
set plan_cache_mode = auto
as $f$
begin
  execute pg_catalog.format('select %s($1, $2, $3)', p_hook) using p_ids, p_state, p_outputs;
end $f$;
