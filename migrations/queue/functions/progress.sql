-- SPDX-License-Identifier: MIT
-- Stores how far a running job is, shown as its output until it ends: ok or lost.
create or replace function /*schema*/progress(p_id bigint, p_lease bigint, p_progress jsonb) returns text
language plpgsql
as $f$
begin
  if not /*schema*/open_in_lease(p_id, p_lease) then return 'lost'; end if;
  update /*schema*/job_live set progress = p_progress where id = p_id;
  return case when found then 'ok' else 'lost' end;
end $f$;
