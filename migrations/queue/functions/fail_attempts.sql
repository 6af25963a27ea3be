-- SPDX-License-Identifier: MIT
-- Counts a failed attempt of active jobs of one queue: they are retried, or fail for good when no retry is
-- left. The caller holds the lock of their leases. Answers the ids that were there and, in p_back, those that
-- went back to the queue.
--   p_delays  seconds until the retry, or NULL: by the job's own delay and backoff
create or replace function /*schema*/fail_attempts(p_queue text, p_ids bigint[], p_outputs jsonb[], p_delays float8[],
  p_started timestamptz[], p_workers bigint[], out p_done bigint[], out p_back bigint[])
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_mergejoin = off set enable_hashjoin = off set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  g record;
begin
  p_done := '{}'; p_back := '{}';
  for g in
    select j.attempt + 1 > j.retry_limit as final, pg_catalog.array_agg(j.id order by j.id) as ids,
      pg_catalog.array_agg(f.output order by j.id) as outputs, pg_catalog.array_agg(f.started_on order by j.id) as started,
      pg_catalog.array_agg(f.worker order by j.id) as workers,
      pg_catalog.array_agg(v_now + coalesce(pg_catalog.make_interval(secs => f.delay),
        /*schema*/retry_delay(j.retry_ms, j.retry_max_ms, j.backoff, j.attempt + 1)) order by j.id) as starts,
      pg_catalog.array_agg(pg_catalog.jsonb_build_object('started_on', f.started_on, 'ended_on', v_now, 'worker', f.worker,
        'output', f.output) order by j.id) as entries
    from rows from (pg_catalog.unnest(p_ids), pg_catalog.unnest(p_outputs), pg_catalog.unnest(p_delays),
      pg_catalog.unnest(p_started), pg_catalog.unnest(p_workers)) f(id, output, delay, started_on, worker),
    lateral (select * from /*schema*/job_live j where j.id = f.id and j.queue = p_queue limit 1) j
    group by 1 order by 1
  loop
    if g.final then
      p_done := p_done || /*schema*/finish(p_queue, g.ids, 'failed', g.outputs, g.started, g.workers, 'active');
    else
      p_back := p_back || /*schema*/requeue(p_queue, g.ids, g.starts, g.entries);
    end if;
  end loop;
  p_done := p_done || p_back;
end $f$;
