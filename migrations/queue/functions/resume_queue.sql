-- SPDX-License-Identifier: MIT
-- Ends a pause and wakes the sleepers.
create or replace function /*schema*/resume_queue(name text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_name alias for $1;
begin
  perform /*schema*/get_queue(p_name);
  update /*schema*/queue set paused_on = null, paused_reason = null where name = p_name;
  perform /*schema*/ring(p_name, /*schema*/clock(), 16);
  return true;
end $f$;
