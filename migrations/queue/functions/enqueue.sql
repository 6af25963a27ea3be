-- SPDX-License-Identifier: MIT
-- Inserts jobs of one queue with the same options: the only way in, for send, schedules, fan-outs and dead
-- letters (send has a short way for a plain job). Answers their ids in the order of p_data, NULL for one that
-- a policy refused.
--   p_start, p_origin, p_priority  one per job, or NULL: now or the option, none, the option. A p_start is kept
--     to the microsecond, also in the past, where the next claim from the start finds it.
create or replace function /*schema*/enqueue(p_queue text, p_data jsonb[], p_options jsonb default '{}',
  p_start timestamptz[] default null, p_origin jsonb[] default null, p_priority int[] default null)
returns bigint[] language plpgsql
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $f$
declare
  q constant /*schema*/queue := /*schema*/get_queue(p_queue);
  o /*schema*/job_live;
  v_now constant timestamptz := /*schema*/clock();
  v_start timestamptz := v_now;
  v_count constant int := coalesce(pg_catalog.cardinality(p_data), 0);
  v_ids bigint[];
  v_earliest timestamptz;
begin
  if v_count = 0 then return '{}'; end if;
  o.rank := 0; o.expire_ms := q.expire_ms; o.retry_ms := q.retry_ms; o.retry_max_ms := q.retry_max_ms;
  o.keep_queued_s := q.keep_queued_s; o.retry_limit := q.retry_limit; o.backoff := q.backoff;
  o.dead_letter := q.dead_letter;
  if p_options is not null and p_options <> '{}' then
    o := /*schema*/apply_send_options(o, p_options);
    if o.dead_letter = p_queue then
      raise exception 'option "dead_letter": queue "%" cannot be its own dead letter queue', p_queue using errcode = '22023';
    end if;
    v_start := greatest(v_now, /*schema*/option_start(p_options, v_now));
  end if;
  perform /*schema*/note_payloads(q, p_data);
  perform /*schema*/note_payloads(q, p_origin); -- of dead letters: with the error
  perform /*schema*/add_ranks(q, case when p_priority is null then array[o.rank]
    else array(select distinct coalesce(-s.p, o.rank)
      from (select pg_catalog.generate_series(1, v_count), pg_catalog.unnest(p_priority) as p) s) end);
  if o.singleton_key is not null then
    -- The first takes the key, the others are refused by it. A statement of its own, because ON CONFLICT writes a
    -- row in two steps: 10 % of the CPU time and 48 bytes of WAL for each plain job.
    insert into /*schema*/job_live (created_on, start_after, rank, expire_ms, retry_ms, retry_max_ms,
        keep_queued_s, retry_limit, backoff, queue, singleton_key, group_id, dead_letter, origin, data)
      values (v_now, coalesce(p_start[1], v_start), coalesce(-p_priority[1], o.rank), o.expire_ms, o.retry_ms, o.retry_max_ms,
        o.keep_queued_s, o.retry_limit, o.backoff, p_queue, o.singleton_key, o.group_id, o.dead_letter, p_origin[1], p_data[1])
      on conflict (queue, singleton_key) where singleton_key is not null do nothing
      returning id, start_after, rank into o.id, v_earliest, o.rank;
    if not found then return pg_catalog.array_fill(null::bigint, array[v_count]); end if;
    insert into /*schema*/job_ready (id, start_after, rank, expire_ms, attempt, queue)
      values (o.id, v_earliest, o.rank, o.expire_ms, 0, p_queue);
    insert into /*schema*/queue_delta (queue, created) values (p_queue, 1);
    perform /*schema*/ring(p_queue, v_earliest, 1);
    return o.id || pg_catalog.array_fill(null::bigint, array[v_count - 1]);
  end if;
  -- Set-returning functions in the select list, not in FROM, and no sort: each payload is copied once less. The rows
  -- come, and identity numbers are drawn, in the order of the arrays. The ready rows follow from the ids: no second row
  -- of each job is kept meanwhile.
  with j as (
    insert into /*schema*/job_live (created_on, start_after, rank, expire_ms, retry_ms, retry_max_ms,
      keep_queued_s, retry_limit, backoff, queue, group_id, dead_letter, origin, data)
    select v_now, coalesce(s.start_after, v_start), coalesce(-s.priority, o.rank), o.expire_ms, o.retry_ms, o.retry_max_ms,
      o.keep_queued_s, o.retry_limit, o.backoff, p_queue, o.group_id, o.dead_letter, s.origin, s.data
    from (select pg_catalog.unnest(p_data) as data, pg_catalog.unnest(p_start) as start_after,
      pg_catalog.unnest(p_origin) as origin, pg_catalog.unnest(p_priority) as priority) s
    returning id
  )
  select pg_catalog.array_agg(j.id) into v_ids from j;
  insert into /*schema*/job_ready (id, start_after, rank, expire_ms, attempt, queue)
    select s.id, coalesce(s.start_after, v_start), coalesce(-s.priority, o.rank), o.expire_ms, 0, p_queue
    from (select pg_catalog.unnest(v_ids) as id, pg_catalog.unnest(p_start) as start_after,
      pg_catalog.unnest(p_priority) as priority) s;
  v_earliest := v_start;
  if p_start is not null then
    select pg_catalog.min(coalesce(s.start_after, v_start)) into v_earliest
      from (select pg_catalog.unnest(v_ids), pg_catalog.unnest(p_start) as start_after) s;
  end if;
  insert into /*schema*/queue_delta (queue, created) values (p_queue, v_count);
  perform /*schema*/ring(p_queue, v_earliest, v_count);
  return v_ids;
end $f$;
