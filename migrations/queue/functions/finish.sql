-- SPDX-License-Identifier: MIT
-- Ends live jobs of one queue: the only way out. The caller has taken them from the ready table or holds
-- the lock of their lease. Answers the ids that were still there.
--   p_outputs   one per job; p_started, p_workers  one per job, or NULL: never started
--   p_was       'active', or 'queued'
create or replace function /*schema*/finish(p_queue text, p_ids bigint[], p_state /*schema*/job_state,
  p_outputs jsonb[], p_started timestamptz[], p_workers bigint[], p_was text)
returns bigint[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_active constant int := case p_was when 'active' then 1 else 0 end;
  v_keep smallint;
  v_hook text;
  v_purge date;
  v_slot smallint;
  v_each bigint[]; -- the ids, when outputs or starts differ from job to job
  v_started timestamptz;
  v_worker bigint;
  v_ids bigint[];
  v_fresh int; -- of them, that never ran
  v_count int;
  v_letters jsonb;
begin
  select q.keep_finished, q.end_hook into v_keep, v_hook from /*schema*/queue q where q.name = p_queue;
  v_keep := coalesce(v_keep, 0);
  v_purge := (v_now at time zone 'UTC')::date + v_keep + 1;
  v_slot := /*schema*/slot_of(v_purge);
  if p_outputs is not null or pg_catalog.cardinality(p_started) > 1 then
    v_each := p_ids;
  else
    v_started := p_started[1];
    v_worker := p_workers[1];
  end if;
  if p_state = 'failed' then
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('to', j.dead_letter, 'data', j.data, 'origin',
        pg_catalog.jsonb_build_object('id', j.id, 'queue', p_queue, 'error', f.output)) order by j.id) into v_letters
      from (select l.id, l.dead_letter, l.data from /*schema*/job_live l
        where l.id = any (p_ids) and l.queue = p_queue and l.dead_letter is not null for update) j
      left join (select distinct on (u.id) u.id, u.output
        from rows from (pg_catalog.unnest(v_each), pg_catalog.unnest(p_outputs)) u(id, output)) f on f.id = j.id;
  end if;
  if v_keep > 0 then
    with d as (
      delete from /*schema*/job_live j where j.id = any (p_ids) and j.queue = p_queue returning *
    ), k as (
      insert into /*schema*/job_finished (id, created_on, start_after, started_on, completed_on, worker, purge_on, rank,
        expire_ms, retry_ms, slot, attempt, retry_limit, backoff, state, queue, singleton_key, group_id, dead_letter,
        origin, attempts, output, data)
      select d.id, d.created_on, d.start_after, coalesce(f.started_on, v_started), v_now, coalesce(f.worker, v_worker), v_purge,
        d.rank, d.expire_ms, d.retry_ms, v_slot, d.attempt + v_active, d.retry_limit, d.backoff, p_state, d.queue,
        d.singleton_key, d.group_id, d.dead_letter, d.origin, d.attempts, f.output, d.data
      from d left join (select distinct on (u.id) u.* from rows from (pg_catalog.unnest(v_each), pg_catalog.unnest(p_outputs),
        pg_catalog.unnest(p_started), pg_catalog.unnest(p_workers)) u(id, output, started_on, worker)) f on f.id = d.id
    )
    select pg_catalog.array_agg(d.id), pg_catalog.count(*) filter (where d.attempt = 0) into v_ids, v_fresh from d;
  else
    with d as (
      delete from /*schema*/job_live j where j.id = any (p_ids) and j.queue = p_queue returning j.id, j.attempt
    )
    select pg_catalog.array_agg(d.id), pg_catalog.count(*) filter (where d.attempt = 0) into v_ids, v_fresh from d;
  end if;
  if v_ids is null then return '{}'; end if;
  v_count := pg_catalog.cardinality(v_ids);
  if v_active = 1 then v_fresh := 0; end if;
  if v_keep > 0 then
    insert into /*schema*/queue_delta (queue, purge_on, created, retry, active, completed, failed, cancelled)
      values (p_queue, '-infinity', -v_fresh, (1 - v_active) * (v_fresh - v_count), -v_active * v_count, 0, 0, 0),
        (p_queue, v_purge, 0, 0, 0, v_count * (p_state = 'completed')::int, v_count * (p_state = 'failed')::int, v_count * (p_state = 'cancelled')::int);
  else
    insert into /*schema*/queue_delta (queue, created, retry, active)
      values (p_queue, -v_fresh, (1 - v_active) * (v_fresh - v_count), -v_active * v_count);
  end if;
  if v_letters is not null then perform /*schema*/post_dead_letters(v_letters); end if;
  if v_hook is not null then
    perform /*schema*/call_end_hook(v_hook, v_ids, p_state::text,
      array(select f.output from pg_catalog.unnest(v_ids) with ordinality d(id, ord)
        left join (select distinct on (u.id) u.id, u.output
          from rows from (pg_catalog.unnest(v_each), pg_catalog.unnest(p_outputs)) u(id, output)) f on f.id = d.id order by d.ord));
  end if;
  return v_ids;
end $f$;
