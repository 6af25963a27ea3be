-- SPDX-License-Identifier: MIT
-- Cancels queued jobs that were not started within their keep_queued, walking over the jobs by id, up to
-- 10,000 at each call, from where the last call stopped, or from the start if that was the end. It cancels at
-- most 1,000, because nobody else can look for dead workers meanwhile. While a snapshot is held open the walk reads
-- what ended since, too, 1.2 s for 3.6 million jobs: it rests 20 times as long as it took, so that it costs 5 % at most.
-- Nothing is added to a start: one in the year 294276 would fail it.
create or replace function /*schema*/sweep_queued() returns bigint
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_last bigint;
  o record;
  v_count bigint := 0;
  v_old bigint[];
  v_queues text[];
  j /*schema*/job_live;
begin
  -- Not for long, whatever is said there: the clock may have been set back.
  if exists (select from /*schema*/maintenance where rested_on > v_now and rested_on < v_now + interval '1 hour') then
    return 0;
  end if;
  with c as (
    select id, queue, start_after < v_now - pg_catalog.make_interval(secs => keep_queued_s) as old
    from /*schema*/job_live where id > (select swept_id from /*schema*/maintenance) order by id limit 10000
  )
  select case when pg_catalog.count(*) = 10000 then pg_catalog.max(id) end, pg_catalog.array_agg(id order by id) filter (where old),
      pg_catalog.array_agg(queue order by id) filter (where old) into v_last, v_old, v_queues from c;
  for o in select * from rows from (pg_catalog.unnest(v_old), pg_catalog.unnest(v_queues)) u(id, queue) loop
    select * into j from /*schema*/job_live where id = o.id and queue = o.queue for update skip locked;
    if found and j.start_after < v_now - pg_catalog.make_interval(secs => j.keep_queued_s) then
      begin
        if /*schema*/unready(j) then
          perform /*schema*/finish(j.queue, array[j.id], 'cancelled',
            array[pg_catalog.jsonb_build_object('message', 'not started within keep_queued')], null, null, 'queued');
          v_count := v_count + 1;
        end if;
      exception when others then -- an end hook that fails: the walk goes on
        raise warning 'maintenance: job % cannot be cancelled: % (%)', o.id, sqlerrm, sqlstate;
      end;
    end if;
    if v_count >= 1000 then
      v_last := o.id;
      exit;
    end if;
  end loop;
  update /*schema*/maintenance set swept_id = coalesce(v_last, 0), -- it is called each 30 s
    rested_on = v_now + 20 * (/*schema*/clock() - v_now) - interval '30 s';
  return v_count;
end $f$;
