-- SPDX-License-Identifier: MIT
-- Queues a failed or cancelled job again, with its id and fresh attempts; a job that waits for a retry becomes
-- due now. False for any other.
create or replace function /*schema*/retry(id bigint) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_id alias for $1;
  v_now constant timestamptz := /*schema*/clock();
  f /*schema*/job_finished;
  q /*schema*/queue;
begin
  perform from /*schema*/job_live where id = p_id and attempt > 0;
  if found then return /*schema*/run_now(p_id); end if;
  select * into f from /*schema*/job_finished where id = p_id and state in ('failed', 'cancelled');
  -- The batch that the job ran in may still be leased and name it (I3): with the job live again, a late settle
  -- or a rescue would take it for open there. Leases are locked first, as everywhere.
  perform from /*schema*/job_lease where queue = f.queue and ids @> array[p_id] order by lease for update;
  select * into f from /*schema*/job_finished where id = p_id and state in ('failed', 'cancelled') and queue = f.queue for update;
  if not found then return false; end if;
  q := /*schema*/get_queue(f.queue);
  update /*schema*/job_lease set ids = array_remove(ids, p_id) where queue = f.queue and ids @> array[p_id];
  perform /*schema*/add_ranks(q, array[f.rank]);
  begin
    insert into /*schema*/job_live (id, created_on, start_after, rank, expire_ms, retry_ms, retry_max_ms, keep_queued_s,
        retry_limit, backoff, queue, singleton_key, group_id, dead_letter, origin, attempts, data)
      overriding system value
      values (f.id, f.created_on, v_now, f.rank, f.expire_ms, f.retry_ms, q.retry_max_ms, q.keep_queued_s,
        f.retry_limit, f.backoff, f.queue, f.singleton_key, f.group_id, f.dead_letter, f.origin,
        /*schema*/add_attempt(f.attempts, jsonb_build_object('attempt', f.attempt, 'state', f.state,
          'started_on', f.started_on, 'ended_on', f.completed_on, 'worker', f.worker, 'output', f.output)), f.data);
  exception when unique_violation then
    raise exception 'job % cannot be queued again: another job of queue "%" has its singleton key "%"', f.id, f.queue,
      f.singleton_key using errcode = 'PQ409';
  end;
  delete from /*schema*/job_finished where queue = f.queue and id = p_id and slot = f.slot;
  insert into /*schema*/job_ready (id, start_after, rank, expire_ms, attempt, queue)
    values (f.id, v_now, f.rank, f.expire_ms, 0, f.queue);
  insert into /*schema*/queue_delta (queue, created) values (f.queue, 1);
  insert into /*schema*/queue_delta (queue, purge_on, failed, cancelled)
    values (f.queue, f.purge_on, -(f.state = 'failed')::int, -(f.state = 'cancelled')::int);
  perform /*schema*/ring(f.queue, v_now, 1);
  return true;
end $f$;
