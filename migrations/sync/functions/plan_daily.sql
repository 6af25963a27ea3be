-- SPDX-License-Identifier: MIT
-- The orchestrator: one import for each active user's connection, spaced out, in one transaction.
--   p_run_key            names the run. Again with the same key it makes only what is missing, after the
--                        last start
--   p_active_users_query one column, user_id; NULL: who logged in within 30 days
--   p_window             with more than window / spacing connections, several start at the same time (lanes)
-- skipped: connections of active users that got none: their import is open, or was made by this run before.
create or replace function sync.plan_daily(p_run_key text, p_active_users_query text default null,
  p_spacing interval default '2 minutes', p_window interval default '20 hours', p_job bigint default null,
  out created bigint, out skipped bigint, out lanes int, out last_start_after timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp set jit = off set work_mem = '64MB'
as $f$
declare
  v_query constant text := rtrim(coalesce(p_active_users_query,
    'select id as user_id from sync.app_user where last_login_at >= /*schema*/clock() - interval ''30 days'''), E'; \t\r\n');
  v_now constant timestamptz := /*schema*/clock();
  v_spacing constant bigint := round(extract(epoch from p_spacing) * 1000000);
  v_window bigint := round(extract(epoch from p_window) * 1000000);
  v_run sync.run;
  v_first bigint := 0; -- the first free slot; slot k starts at t0 + k * spacing
  v_ids bigint[];
  v_priorities int[];
begin
  if p_run_key is null or p_run_key = '' then
    raise exception 'a run needs a key' using errcode = '22023';
  end if;
  if v_spacing is null or v_spacing < 0 or v_window is null or v_window <= 0 then
    raise exception 'the spacing must not be negative and the window must be longer than nothing' using errcode = '22023';
  end if;
  insert into sync.run (run_key, job_id, t0, created_on) values (p_run_key, p_job, v_now, v_now) on conflict do nothing;
  select * into v_run from sync.run where run_key = p_run_key for update;
  perform sync.lock_planning();
  perform sync.ensure_queues();
  perform sync.repair_imports();
  execute format($q$
    with active as materialized (select distinct q.user_id::bigint as user_id from (
%s
      ) q),
    candidate as materialized (
      select c.id, c.user_id, case when c.last_synced_at is null then 100 else 0 end as priority,
        exists (select from sync.import_job i where i.connection_id = c.id and i.status in ('pending', 'running'))
          or exists (select from sync.import_job i where i.connection_id = c.id and i.run_key = $1) as taken
      from sync.connection c join active a on a.user_id = c.user_id
      where c.provider = 'foursquare' and c.is_active and c.access_token_encrypted is not null
        and c.sync_status <> 'needs_reauth')
    select array_agg(id order by user_id, id) filter (where not taken),
      array_agg(priority order by user_id, id) filter (where not taken), count(*) filter (where taken)
    from candidate $q$, v_query) using p_run_key into v_ids, v_priorities, skipped;
  created := coalesce(cardinality(v_ids), 0);
  lanes := v_run.lanes;
  last_start_after := v_run.last_start_after;
  if created = 0 then return; end if;
  if v_run.last_start_after is not null and v_spacing > 0 then
    -- behind the last start, and not before now, on the same grid
    v_first := greatest(round(extract(epoch from v_run.last_start_after - v_run.t0) * 1000000 / v_spacing) + 1,
      ceil(extract(epoch from v_now - v_run.t0) * 1000000 / v_spacing));
  end if;
  -- what is left of the window; all of it again when it has passed
  if v_first > 0 and v_window - v_first * v_spacing >= v_spacing then
    v_window := v_window - v_first * v_spacing;
  end if;
  lanes := greatest(1, v_run.lanes, ceil(created::numeric * v_spacing / v_window));
  perform sync.create_imports(v_ids,
    array(select v_run.t0 + (v_first + i / lanes) * v_spacing * interval '1 microsecond' from generate_series(0, created - 1) i order by i),
    v_priorities, 'scheduled', p_run_key);
  last_start_after := greatest(v_run.last_start_after,
    v_run.t0 + (v_first + (created - 1) / lanes) * v_spacing * interval '1 microsecond');
  update sync.run r set created = r.created + plan_daily.created, lanes = plan_daily.lanes,
      last_start_after = plan_daily.last_start_after
    where r.run_key = p_run_key;
end $f$;
