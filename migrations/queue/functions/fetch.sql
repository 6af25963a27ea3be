-- SPDX-License-Identifier: MIT
-- Claims up to n due jobs of a queue under one new lease.
--   worker    from register_worker; NULL: the lease ends by expire_in alone
--   p_ranks, p_after, p_after_id  the last key taken, per rank: the claim starts behind it and so does not
--               walk over the dead index entries of what was claimed before; without them from the start
--   p_awake     the worker had announced a sleep on this queue: take that back
--   p_unflushed the claim may commit without waiting for the disk. A claim that a server crash undoes is a
--               job that is ready again. Jobs that ran before are always flushed, so that their count stays.
-- One lateral scan per rank, because a row comparison over (rank, start_after, id) is no index range once
-- jobs lie in the future: 0.35 ms against 82 ms with a million of them. The settings keep the plan on the
-- claim index with tables that were never analysed: 4 ms against 200 ms at 300k rows. Without merge and hash
-- joins, because either reads all of job_live for a claim of ten: 352 against 63,000 jobs a second after half a
-- million jobs under a snapshot held open. The same in every function that joins job_live to some ids.
-- The rows found go by ctid. Their queue is named for a server that distributes by it, in a collation that is not the
-- index's: a plan made while the table is empty read all of the queue by the index instead, 200,000 entries per claim.
create or replace function /*schema*/fetch(queue_name text, n int default 1, worker bigint default null,
  p_ranks int[] default null, p_after timestamptz[] default null, p_after_id bigint[] default null,
  p_awake boolean default false, p_unflushed boolean default false)
returns table (id bigint, lease bigint, queue text, data jsonb, attempt int, priority int,
  start_after timestamptz, created_on timestamptz, retry_limit int, expire_in interval, origin jsonb)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_mergejoin = off set enable_hashjoin = off set jit = off
as $f$
#variable_conflict use_column
declare
  p_queue alias for $1;
  p_n alias for $2;
  p_worker alias for $3;
  q constant /*schema*/queue := /*schema*/get_queue(p_queue);
  v_now constant timestamptz := /*schema*/clock();
  v_lease constant bigint := /*schema*/new_lease();
  v_beat timestamptz;
begin
  if p_n is null or p_n not between 1 and 10000 then
    raise exception 'fetch: n must be from 1 to 10000, it is %', p_n using errcode = '22023';
  end if;
  if p_awake then
    update /*schema*/job_bell b set until = '-infinity'
      where b.queue = p_queue and b.worker = p_worker and b.until > '-infinity';
  end if;
  if q.paused_on is not null then return; end if;
  if p_worker is not null then
    -- Taken for dead meanwhile (it was frozen): it has to register anew, or its jobs would be freed at once.
    select w.beat_on into v_beat from /*schema*/job_worker w where w.id = p_worker;
    if not found then return; end if;
  end if;
  return query
  with c as materialized (
    select r.rank, coalesce(k.after, '-infinity') as after, coalesce(k.after_id, 0) as after_id
    from pg_catalog.unnest(q.ranks) r(rank)
    left join rows from (pg_catalog.unnest(p_ranks), pg_catalog.unnest(p_after), pg_catalog.unnest(p_after_id))
      k(rank, after, after_id) on k.rank = r.rank
    order by r.rank
  ), d as materialized (
    delete from /*schema*/job_ready x where x.queue = p_queue collate "C" and x.ctid = any (array(
      select p.ctid from c, lateral (
        select y.ctid from /*schema*/job_ready y
        where y.queue = p_queue and y.rank = c.rank and y.start_after <= v_now
          and (y.start_after, y.id) > (c.after, c.after_id)
        order by y.start_after, y.id limit p_n for update skip locked) p
      limit p_n))
    returning x.id, x.start_after, x.rank, x.attempt
  ), j as materialized (
    select d.id, d.rank, d.start_after, d.attempt, v.data, v.created_on, v.retry_limit, v.expire_ms, v.origin
    from d join /*schema*/job_live v on v.id = d.id and v.queue = p_queue
  ), l as (
    insert into /*schema*/job_lease (lease, worker, started_on, expire_on, queue, ids)
    select v_lease, p_worker, v_now, v_now + pg_catalog.make_interval(secs => pg_catalog.min(j.expire_ms) / 1000.0),
      p_queue, pg_catalog.array_agg(j.id order by j.rank, j.start_after, j.id)
    from j having pg_catalog.count(*) > 0
  ), s as (
    insert into /*schema*/queue_delta (queue, created, retry, active)
    select p_queue, -pg_catalog.count(*) filter (where d.attempt = 0),
      -pg_catalog.count(*) filter (where d.attempt > 0), pg_catalog.count(*)
    from d having pg_catalog.count(*) > 0
  )
  select j.id, v_lease, p_queue, j.data, j.attempt + 1, -j.rank, j.start_after, j.created_on,
    j.retry_limit::int, pg_catalog.make_interval(secs => j.expire_ms / 1000.0), j.origin
  from j order by j.rank, j.start_after, j.id;
  if not found then return; end if;
  if v_beat < v_now - interval '5 s' then
    update /*schema*/job_worker w set beat_on = v_now where w.id = p_worker;
  end if;
  if p_worker is not null then
    perform /*schema*/watch(p_worker, v_now);
  end if;
  if p_unflushed and not exists (select from /*schema*/queue_delta e
      where e.xid = pg_catalog.pg_current_xact_id() and e.queue = p_queue and e.retry < 0) then
    perform pg_catalog.set_config('synchronous_commit', 'off', true);
  end if;
end $f$;
