-- SPDX-License-Identifier: MIT
-- The monitoring interface: every job, live and finished. The LEFT JOIN on the whole key lets a look-up by id
-- run from the primary key into the claim index, and lets a count drop job_live from the plan.
drop view if exists /*schema*/job;
create view /*schema*/job as
  select j.id, r.queue, r.queue as name, case r.attempt when 0 then 'created'::/*schema*/job_state else 'retry'::/*schema*/job_state end as state,
    -r.rank as priority, j.data, r.attempt::int as attempt, greatest(r.attempt - 1, 0)::int as retry_count,
    j.retry_limit::int as retry_limit, make_interval(secs => j.retry_ms / 1000.0) as retry_delay, j.backoff as retry_backoff,
    r.start_after, j.created_on, null::timestamptz as started_on, null::timestamptz as completed_on,
    make_interval(secs => j.expire_ms / 1000.0) as expire_in, j.singleton_key, j.group_id, j.dead_letter,
    j.attempts -> -1 -> 'output' as output, null::bigint as worker, j.attempts, j.origin
  from /*schema*/job_ready r
  left join /*schema*/job_live j on j.id = r.id and j.queue = r.queue and j.rank = r.rank and j.start_after = r.start_after
union all
  select j.id, j.queue, j.queue, 'active', -j.rank, j.data, j.attempt + 1, j.attempt::int, j.retry_limit,
    make_interval(secs => j.retry_ms / 1000.0), j.backoff, j.start_after, j.created_on, l.started_on, null,
    make_interval(secs => j.expire_ms / 1000.0), j.singleton_key, j.group_id, j.dead_letter,
    j.progress, l.worker, j.attempts, j.origin
  from /*schema*/job_lease l cross join lateral unnest(l.ids) u(id) join /*schema*/job_live j on j.id = u.id and j.queue = l.queue
union all
  select f.id, f.queue, f.queue, f.state, -f.rank, f.data, f.attempt, greatest(f.attempt - 1, 0), f.retry_limit,
    make_interval(secs => f.retry_ms / 1000.0), f.backoff, f.start_after, f.created_on, f.started_on, f.completed_on,
    make_interval(secs => f.expire_ms / 1000.0), f.singleton_key, f.group_id, f.dead_letter,
    f.output, f.worker, f.attempts, f.origin
  from /*schema*/job_finished f
  where f.completed_on > now() - make_interval(days => f.purge_on - (f.completed_on at time zone 'UTC')::date - 1);
