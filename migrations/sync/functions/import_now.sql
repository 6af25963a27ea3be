-- SPDX-License-Identifier: MIT
-- Has the connections of these users (NULL: of all) imported now. For each the import that was made, or
-- the one that is open already (fresh = false). Users without a usable connection are not in the answer.
create or replace function sync.import_now(p_users bigint[] default null)
returns table (user_id bigint, connection_id bigint, import_id bigint, job_id bigint, fresh boolean)
language plpgsql
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_nestloop = off
set enable_mergejoin = off set jit = off
as $f$
#variable_conflict use_column
declare
  v_before bigint; -- the newest import so far
  v_all bigint[];
  v_new bigint[];
begin
  perform sync.lock_planning();
  perform sync.ensure_queues();
  perform sync.repair_imports();
  select max(i.id) into v_before from sync.import_job i;
  select array_agg(c.id order by c.user_id, c.id),
      array_agg(c.id order by c.user_id, c.id) filter (where not exists (
        select from sync.import_job i where i.connection_id = c.id and i.status in ('pending', 'running')))
    into v_all, v_new
    from sync.connection c
    where c.provider = 'foursquare' and c.is_active and c.access_token_encrypted is not null
      and (p_users is null or c.user_id = any (p_users));
  if v_new is not null then
    perform sync.create_imports(v_new, null, array_fill(100, array[cardinality(v_new)]), 'manual', null);
  end if;
  return query
    select c.user_id, c.id, i.id, i.job_id, i.id > coalesce(v_before, 0)
    from sync.connection c
    join sync.import_job i on i.connection_id = c.id and i.status in ('pending', 'running')
    where c.id = any (v_all) order by c.user_id, c.id;
end $f$;
