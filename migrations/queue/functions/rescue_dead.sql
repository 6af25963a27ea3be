-- SPDX-License-Identifier: MIT
-- Frees the leases of workers that are gone. Gone is who holds leases and has not beaten for 30 s (a frozen
-- process, a cut cable), or whose session lock was free at two looks 1.2 s apart: a worker whose connection
-- broke has that long to come back (it tries at least each half second), so a server restart doubles nothing.
-- A worker behind a pooler (suspect_on is infinity) has no lock, beats alone count.
-- Answers how many jobs.
create or replace function /*schema*/rescue_dead(p_self bigint default null) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_count bigint := 0;
  w record;
begin
  for w in
    select l.worker as id, j.beat_on, j.suspect_on, j.name
    from (select distinct worker from /*schema*/job_lease where worker is not null) l
    left join /*schema*/job_worker j on j.id = l.worker
    where l.worker is distinct from p_self order by l.worker
  loop
    if greatest(w.beat_on, nullif(w.suspect_on, 'infinity')) > v_now then -- the clock was set back: count from now
      update /*schema*/job_worker set beat_on = least(beat_on, v_now),
        suspect_on = case when suspect_on = 'infinity' then suspect_on else least(suspect_on, v_now) end where id = w.id;
    end if;
    if w.suspect_on = 'infinity' then
      continue when w.beat_on > v_now - interval '30 s';
    elsif /*schema*/lives(w.id) then
      if w.suspect_on is not null then
        update /*schema*/job_worker set suspect_on = null where id = w.id;
      end if;
      continue when w.beat_on > v_now - interval '30 s';
    elsif w.suspect_on is null and w.beat_on is not null then
      update /*schema*/job_worker set suspect_on = v_now where id = w.id;
      continue;
    elsif w.suspect_on > v_now - interval '1200 ms' then
      continue;
    end if;
    begin
      -- A lease whose worker has no row is of a claim that was still under way when the worker was found dead
      -- or came back under another id: nobody got the answer, nothing has started.
      v_count := v_count + /*schema*/end_leases(w.id, case when w.beat_on is null then '{}'::bigint[] end, '{}',
        format('the worker died or froze: %s', coalesce(w.name, 'unknown')));
      delete from /*schema*/job_bell where worker = w.id;
      delete from /*schema*/job_worker where id = w.id;
    exception when others then -- a lock that the frozen one holds, an end hook that fails: the others go on
      raise warning 'maintenance: the jobs of worker % cannot be freed: % (%)', w.id, sqlerrm, sqlstate;
    end;
  end loop;
  return v_count;
end $f$;
