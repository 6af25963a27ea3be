-- SPDX-License-Identifier: MIT
-- Gives an attempt, or many, the full expire_in again from now: ok or lost. As the first statement of a transaction it
-- fences the rest of it: nobody can take the job away before that transaction ends.
create or replace function /*schema*/touch(id bigint, lease bigint) returns text
language plpgsql
as $f$
#variable_conflict use_column
declare
  p_id alias for $1;
  p_lease alias for $2;
begin
  if not /*schema*/open_in_lease(p_id, p_lease) then return 'lost'; end if;
  update /*schema*/job_live set touched_on = /*schema*/clock() where id = p_id;
  return case when found then 'ok' else 'lost' end;
end $f$;
create or replace function /*schema*/touch(ids bigint[], leases bigint[]) returns text[]
language sql
as $f$
  select from /*schema*/job_lease l where l.lease = any ($2) order by l.lease for update; -- in the order of a settle
  select array(select /*schema*/touch(u.id, u.lease)
    from rows from (pg_catalog.unnest($1), pg_catalog.unnest($2)) with ordinality u(id, lease, o) order by u.o)
$f$;
