-- SPDX-License-Identifier: MIT
-- Stores how far a running job is, shown as its output until it ends: ok or lost.
create or replace function /*schema*/progress(id bigint, lease bigint, progress jsonb) returns text
language plpgsql
as $f$
#variable_conflict use_column
declare
  p_id alias for $1;
  p_lease alias for $2;
  p_progress alias for $3;
begin
  if not /*schema*/open_in_lease(p_id, p_lease) then return 'lost'; end if;
  update /*schema*/job_live set progress = p_progress where id = p_id;
  return case when found then 'ok' else 'lost' end;
end $f$;
