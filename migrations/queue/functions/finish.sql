-- SPDX-License-Identifier: MIT
-- Ends live jobs of one queue: the only way out. The caller has taken them from the ready table or holds
-- the lock of their lease. Answers the ids that were still there.
--   p_outputs   one per job; p_started, p_workers  one per job, or NULL: never started
--   p_was       'active', or 'queued'
create or replace function /*schema*/finish(p_queue text, p_ids bigint[], p_state /*schema*/job_state,
  p_outputs jsonb[], p_started timestamptz[], p_workers bigint[], p_was text)
returns bigint[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_mergejoin = off set enable_hashjoin = off set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_active constant int := case p_was when 'active' then 1 else 0 end;
  v_keep smallint;
  v_hook text;
  v_purge date;
  v_ids bigint[];
  v_outputs jsonb[];
  v_fresh int;
  v_letters jsonb;
begin
  select q.keep_finished, q.end_hook into v_keep, v_hook from /*schema*/queue q where q.name = p_queue;
  v_keep := coalesce(v_keep, 0);
  v_purge := (v_now at time zone 'UTC')::date + v_keep + 1;
  with f as (
    select * from rows from (pg_catalog.unnest(p_ids), pg_catalog.unnest(p_outputs), pg_catalog.unnest(p_started),
      pg_catalog.unnest(p_workers)) f(id, output, started_on, worker)
  ), d as (
    delete from /*schema*/job_live j using f where j.id = f.id and j.queue = p_queue
    returning j.*, f.output, f.started_on, f.worker
  ), k as (
    insert into /*schema*/job_finished (id, created_on, start_after, started_on, completed_on, worker, purge_on, rank,
      expire_ms, retry_ms, slot, attempt, retry_limit, backoff, state, queue, singleton_key, group_id, dead_letter,
      origin, attempts, output, data)
    select d.id, d.created_on, d.start_after, d.started_on, v_now, d.worker, v_purge, d.rank,
      d.expire_ms, d.retry_ms, /*schema*/slot_of(v_purge), d.attempt + v_active, d.retry_limit, d.backoff, p_state, d.queue,
      d.singleton_key, d.group_id, d.dead_letter, d.origin, d.attempts, d.output, d.data
    from d where v_keep > 0
  )
  select pg_catalog.array_agg(d.id), pg_catalog.array_agg(d.output), pg_catalog.count(*) filter (where d.attempt = 0),
    pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('to', d.dead_letter, 'data', d.data, 'origin',
      pg_catalog.jsonb_build_object('id', d.id, 'queue', d.queue, 'error', d.output)) order by d.id)
      filter (where p_state = 'failed' and d.dead_letter is not null)
    into v_ids, v_outputs, v_fresh, v_letters from d;
  if v_ids is null then return '{}'; end if;
  insert into /*schema*/queue_delta (queue, created, retry, active)
    select p_queue, case p_was when 'active' then 0 else -v_fresh end,
      case p_was when 'active' then 0 else v_fresh - pg_catalog.cardinality(v_ids) end,
      -v_active * pg_catalog.cardinality(v_ids);
  if v_keep > 0 then
    insert into /*schema*/queue_delta (queue, purge_on, completed, failed, cancelled)
      select p_queue, v_purge, c * (p_state = 'completed')::int, c * (p_state = 'failed')::int, c * (p_state = 'cancelled')::int
      from pg_catalog.cardinality(v_ids) c;
  end if;
  if v_letters is not null then perform /*schema*/post_dead_letters(v_letters); end if;
  if v_hook is not null then
    execute pg_catalog.format('select %s($1, $2, $3)', v_hook) using v_ids, p_state::text, v_outputs;
  end if;
  return v_ids;
end $f$;
