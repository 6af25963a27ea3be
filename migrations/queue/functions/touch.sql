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
  v_now constant timestamptz := /*schema*/clock();
  v_queue text;
begin
  v_queue := /*schema*/queue_if_open(p_id, p_lease);
  if v_queue is null then return 'lost'; end if;
  update /*schema*/job_live set touched_on = v_now where queue = v_queue and id = p_id;
  return case when found then 'ok' else 'lost' end;
end $f$;
create or replace function /*schema*/touch(ids bigint[], leases bigint[]) returns text[]
language sql
as $f$
  select /*schema*/lock_leases($2);
  select array(select /*schema*/touch(u.id, u.lease)
    from rows from (pg_catalog.unnest($1), pg_catalog.unnest($2)) with ordinality u(id, lease, o) order by u.o)
$f$;
