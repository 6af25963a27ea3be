-- SPDX-License-Identifier: MIT
-- Removes what means nothing any more: leases without an open job, workers that have not beaten for five
-- minutes and hold nothing, bells of workers that are gone, fan-out keys older than 30 days, jobs of a send that was
-- under way while its queue was deleted.
create or replace function /*schema*/prune() returns void
language plpgsql
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  w record;
begin
  for w in select l.queue, array_agg(l.lease) as leases from /*schema*/job_lease l
    where not exists (select from unnest(l.ids) u(id), lateral (
      select from /*schema*/job_live j where j.id = u.id and j.queue = l.queue limit 1) j) group by 1
  loop
    delete from /*schema*/job_lease where queue = w.queue and lease in (select l.lease from /*schema*/job_lease l
      where l.queue = w.queue and l.lease = any (w.leases) order by l.lease for update skip locked);
  end loop;
  delete from /*schema*/job_bell b where not exists (select from /*schema*/job_worker k where k.id = b.worker);
  for w in select id, beat_on from /*schema*/job_worker k
    where not exists (select from /*schema*/job_lease l where l.worker = k.id) order by id for update skip locked
  loop
    continue when /*schema*/lives(w.id);
    delete from /*schema*/job_bell where worker = w.id; -- it does not listen; if it lives it polls
    if w.beat_on < v_now - interval '5 min' then delete from /*schema*/job_worker where id = w.id; end if;
  end loop;
  for w in select distinct c.queue from /*schema*/queue_count c
    where not exists (select from /*schema*/queue q where q.name = c.queue)
  loop
    -- One statement, one snapshot: a queue of that name made now keeps its jobs.
    with r as (
      delete from /*schema*/job_ready where queue = w.queue and not exists (select from /*schema*/queue where name = w.queue)
    ), j as (
      delete from /*schema*/job_live where queue = w.queue and not exists (select from /*schema*/queue where name = w.queue)
    )
    delete from /*schema*/queue_count where queue = w.queue and not exists (select from /*schema*/queue where name = w.queue);
  end loop;
  delete from /*schema*/fan_out_run where first_on < v_now - interval '30 days'
    and coalesce(last_start, first_on) < v_now - interval '30 days';
end $f$;
