-- SPDX-License-Identifier: MIT
-- Makes one import_job and one job for each connection, in one statement each; the caller holds
-- lock_planning and knows that none of them has an open import. Connections never synced come first.
--   p_starts   one per connection, or NULL: now
--   p_run      of a scheduled run, or NULL
create or replace function sync.create_imports(p_connections bigint[], p_starts timestamptz[], p_priorities int[],
  p_trigger text, p_run text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_jobs bigint[];
begin
  v_jobs := /*schema*/enqueue('import-checkins',
    array(select jsonb_build_object('connection_id', u.c) from unnest(p_connections) with ordinality u(c, o) order by u.o),
    '{}', p_starts,
    case when p_run is not null then
      array(select jsonb_build_object('run_key', p_run, 'item', u.c::text)
        from unnest(p_connections) with ordinality u(c, o) order by u.o) end,
    p_priorities);
  insert into sync.import_job (connection_id, job_id, trigger, status, created_at, run_key)
    select u.connection, u.job, p_trigger, 'pending', v_now, p_run
    from unnest(p_connections, v_jobs) u(connection, job);
end $f$;
