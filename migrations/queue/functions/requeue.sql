-- SPDX-License-Identifier: MIT
-- Puts live jobs of one queue that are in no ready row back into it. The caller holds the lock of their
-- lease and takes them out of it. Answers the ids that were still there.
--   p_start    when each may start next
--   p_entries  NULL: the attempt is given back; else it is counted, and each entry kept as its outcome
create or replace function /*schema*/requeue(p_queue text, p_ids bigint[], p_start timestamptz[], p_entries jsonb[])
returns bigint[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_mergejoin = off set enable_hashjoin = off set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_counted constant smallint := case when p_entries is null then 0 else 1 end;
  v_ids bigint[];
  v_fresh int;
  v_earliest timestamptz;
begin
  -- No join: that reads all jobs when they were counted as none. In order, so that width_bucket finds the place of an id.
  select pg_catalog.array_agg(f.id order by f.id), pg_catalog.array_agg(f.start_after order by f.id),
      pg_catalog.array_agg(f.entry order by f.id) into p_ids, p_start, p_entries
    from rows from (pg_catalog.unnest(p_ids), pg_catalog.unnest(p_start), pg_catalog.unnest(p_entries))
      f(id, start_after, entry);
  with u as (
    update /*schema*/job_live j
    set attempt = j.attempt + v_counted,
      start_after = greatest(v_now, p_start[pg_catalog.width_bucket(j.id, p_ids)]), touched_on = null, progress = null,
      attempts = case when p_entries[pg_catalog.width_bucket(j.id, p_ids)] is null then j.attempts
        else /*schema*/add_attempt(j.attempts, p_entries[pg_catalog.width_bucket(j.id, p_ids)]
          || pg_catalog.jsonb_build_object('attempt', j.attempt + 1)) end
    where j.id = any (p_ids) and j.queue = p_queue
    returning j.id, j.start_after, j.rank, j.expire_ms, j.attempt
  ), r as (
    insert into /*schema*/job_ready (id, start_after, rank, expire_ms, attempt, queue)
    select u.id, u.start_after, u.rank, u.expire_ms, u.attempt, p_queue from u
  )
  select pg_catalog.array_agg(u.id), pg_catalog.count(*) filter (where u.attempt = 0), pg_catalog.min(u.start_after)
    into v_ids, v_fresh, v_earliest from u;
  if v_ids is null then return '{}'; end if;
  insert into /*schema*/queue_delta (queue, created, retry, active)
    select p_queue, v_fresh, c - v_fresh, -c from pg_catalog.cardinality(v_ids) c;
  perform /*schema*/ring(p_queue, v_earliest, pg_catalog.cardinality(v_ids));
  return v_ids;
end $f$;
