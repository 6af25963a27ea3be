-- SPDX-License-Identifier: MIT
-- Claims up to n due jobs of a queue under one new lease; fewer when their payloads come to 4 MiB (fit_claim).
--   worker    from register_worker; NULL: the lease ends by expire_in alone
--   p_ranks, p_after, p_after_id  the last key taken, per rank: the claim starts behind it and so does not
--               walk over the dead index entries of what was claimed before; without them from the start
--   p_late_ms   but no later than so many milliseconds before now: a send takes its place in the order of claims
--               before it commits, so jobs of lately may still come to lie before that key
--   p_awake     the worker had announced a sleep on this queue: take that back
--   p_unflushed the claim may commit without waiting for the disk. A claim that a server crash undoes is a
--               job that is ready again. Jobs that ran before are always flushed, so that their count stays.
--               Such claims are short transactions of their own, so large ones go in turns, two at a time
--               (claim_turn). Who had to wait leaves the last key that it took in queue_delta, and the next begins
--               behind it: its own last key lies before all that the others took meanwhile.
--   p_watch     has somebody look out for this worker's death (watch). Who claims often asks for it once in a while
-- One lateral scan per rank, because a row comparison over (rank, start_after, id) is no index range once
-- jobs lie in the future: 0.35 ms against 82 ms with a million of them. The settings keep the plan on the
-- claim index with tables that were never analysed: 4 ms against 200 ms at 300k rows. Without merge and hash
-- joins, because either reads all of job_live for a claim of ten: 352 against 63,000 jobs a second after half a
-- million jobs under a snapshot held open. The same in every function that joins job_live to some ids.
-- The rows found go by ctid. Their queue is named for a server that distributes by it, in a collation that is not the
-- index's: a plan made while the table is empty read all of the queue by the index instead, 200,000 entries per claim.
drop function if exists /*schema*/fetch(text, int, bigint, int[], timestamptz[], bigint[], boolean, boolean);
drop function if exists /*schema*/fetch(text, int, bigint, int[], timestamptz[], bigint[], boolean, boolean, int);
create or replace function /*schema*/fetch(queue_name text, n int default 1, worker bigint default null,
  p_ranks int[] default null, p_after timestamptz[] default null, p_after_id bigint[] default null,
  p_awake boolean default false, p_unflushed boolean default false, p_late_ms int default 0,
  p_watch boolean default true)
returns table (id bigint, lease bigint, queue text, data jsonb, attempt int, priority int,
  start_after timestamptz, created_on timestamptz, retry_limit int, expire_in interval, origin jsonb)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_mergejoin = off set enable_hashjoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $f$
#variable_conflict use_column
declare
  p_queue alias for $1;
  p_n alias for $2;
  p_worker alias for $3;
  v_crowd constant boolean := p_unflushed and p_n >= 200
    and not pg_catalog.pg_try_advisory_xact_lock(1885829475, pg_catalog.hashtext(p_queue))
    and not pg_catalog.pg_try_advisory_xact_lock(1885829476, pg_catalog.hashtext(p_queue))
    and coalesce(pg_catalog.cardinality(p_ranks), 0) > 0 -- a look from the start does not wait: the worker rests 20 times as long
    and /*schema*/claim_turn(p_queue);
  q constant /*schema*/queue := /*schema*/get_queue(p_queue); -- after the wait: who pauses or sends meanwhile is heeded
  v_now constant timestamptz := /*schema*/clock();
  v_late constant timestamptz := case when p_late_ms > 0 then v_now - p_late_ms * interval '1 ms' else 'infinity' end;
  v_lease constant bigint := /*schema*/new_lease();
  v_beat timestamptz;
  v_ids bigint[];
  v_again int; -- of them, that ran before
  v_expire timestamptz;
  v_rank int; -- a last key
  v_after timestamptz;
  v_after_id bigint;
  i int;
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
  if v_crowd and pg_catalog.cardinality(p_ranks) > 0 then
    -- Transaction numbers bound what is read of the newest.
    select d.claimed_rank, d.claimed_after, d.claimed_id into v_rank, v_after, v_after_id
      from /*schema*/queue_delta d
      where d.xid >= (pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint - 64)::text::xid8
        and d.xid < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
        and d.queue = p_queue and d.claimed_id is not null
      order by d.xid desc limit 1;
    i := coalesce(pg_catalog.array_position(p_ranks, v_rank), pg_catalog.cardinality(p_ranks) + 1);
    if (v_after, v_after_id) > (coalesce(p_after[i], '-infinity'), coalesce(p_after_id[i], 0)) then
      p_ranks[i] := v_rank;
      p_after[i] := v_after;
      p_after_id[i] := v_after_id;
    end if;
    v_after_id := null;
  end if;
  with c as materialized (
    select r.rank, case when p_after[r.at] > v_late then v_late else coalesce(p_after[r.at], '-infinity') end as after,
      case when p_after[r.at] > v_late then 0 else coalesce(p_after_id[r.at], 0) end as after_id
    from (select u.rank, pg_catalog.array_position(p_ranks, u.rank) as at from pg_catalog.unnest(q.ranks) u(rank)) r
    order by r.rank
  ), d as (
    delete from /*schema*/job_ready x where x.queue = p_queue collate "C" and x.ctid = any (/*schema*/fit_claim(q, array(
      select p.ctid from c, lateral (
        select y.ctid from /*schema*/job_ready y
        where y.queue = p_queue and y.rank = c.rank and y.start_after <= v_now
          and (y.start_after, y.id) > (c.after, c.after_id)
        order by y.start_after, y.id limit p_n for update skip locked) p
      limit p_n)))
    returning x.id, x.start_after, x.rank, x.expire_ms, x.attempt
  )
  select pg_catalog.array_agg(d.id order by d.rank, d.start_after, d.id), pg_catalog.count(*) filter (where d.attempt > 0),
    v_now + pg_catalog.min(d.expire_ms) * interval '1 ms' into v_ids, v_again, v_expire from d;
  if v_ids is null then return; end if;
  insert into /*schema*/job_lease (lease, worker, started_on, expire_on, queue, ids)
    values (v_lease, p_worker, v_now, v_expire, p_queue, v_ids);
  if v_crowd then
    v_after_id := v_ids[pg_catalog.cardinality(v_ids)];
    select j.rank, j.start_after into v_rank, v_after from /*schema*/job_live j where j.id = v_after_id and j.queue = p_queue;
  end if;
  insert into /*schema*/queue_delta (queue, created, retry, active, claimed_rank, claimed_after, claimed_id)
    values (p_queue, v_again - pg_catalog.cardinality(v_ids), -v_again, pg_catalog.cardinality(v_ids), v_rank, v_after, v_after_id);
  return query
  select v.id, v_lease, p_queue, v.data, v.attempt + 1, -v.rank, v.start_after, v.created_on,
    v.retry_limit::int, v.expire_ms * interval '1 ms', v.origin
  from (select pg_catalog.unnest(v_ids) as id) u,
    lateral (select * from /*schema*/job_live j where j.id = u.id and j.queue = p_queue limit 1) v;
  if v_beat < v_now - interval '5 s' then
    update /*schema*/job_worker w set beat_on = v_now where w.id = p_worker;
  end if;
  if p_watch and p_worker is not null then
    perform /*schema*/watch(p_worker, v_now);
  end if;
  if p_unflushed and v_again = 0 then
    perform pg_catalog.set_config('synchronous_commit', 'off', true);
  end if;
end $f$;
