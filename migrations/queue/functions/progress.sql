-- SPDX-License-Identifier: MIT
-- Stores how far a running job is, or many are, shown as the output until it ends: ok or lost.
create or replace function /*schema*/progress(id bigint, lease bigint, progress jsonb) returns text
language plpgsql
as $f$
#variable_conflict use_column
declare
  p_id alias for $1;
  p_lease alias for $2;
  p_progress alias for $3;
  v_queue text;
begin
  v_queue := /*schema*/queue_if_open(p_id, p_lease);
  if v_queue is null then return 'lost'; end if;
  update /*schema*/job_live set progress = p_progress where queue = v_queue and id = p_id;
  return case when found then 'ok' else 'lost' end;
end $f$;
create or replace function /*schema*/progress(ids bigint[], leases bigint[], progress jsonb[]) returns text[]
language sql
as $f$
  select /*schema*/lock_leases($2);
  select array(select /*schema*/progress(u.id, u.lease, u.progress)
    from rows from (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) with ordinality u(id, lease, progress, o)
    order by u.o)
$f$;
