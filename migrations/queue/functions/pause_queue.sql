-- SPDX-License-Identifier: MIT
-- Stops claims from a queue; sends go on. True; an error if there is no such queue.
create or replace function /*schema*/pause_queue(name text, reason text default null) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_name alias for $1;
  p_reason alias for $2;
begin
  perform /*schema*/get_queue(p_name);
  update /*schema*/queue set paused_on = coalesce(paused_on, /*schema*/clock()), paused_reason = p_reason
    where name = p_name;
  return true;
end $f$;
