-- SPDX-License-Identifier: MIT
-- Counts per queue and state, and the age of the oldest job that could run; cheap whatever the number of jobs.
-- Finished jobs whose day has come do not count, whether or not they are gone yet: their counts may lie among the
-- differences for as long as any transaction of the server writes, out of reach of the purge.
drop view if exists /*schema*/queue_stats;
create view /*schema*/queue_stats as
  select q.name as queue, coalesce(c.created, 0)::bigint as created, coalesce(c.retry, 0)::bigint as retry,
    coalesce(c.active, 0)::bigint as active, 0::bigint as blocked, coalesce(c.completed, 0)::bigint as completed,
    coalesce(c.failed, 0)::bigint as failed, coalesce(c.cancelled, 0)::bigint as cancelled,
    -- Only where something waits: while a snapshot is held, the look walks over all that was claimed since.
    case when c.created + c.retry > 0 then (select /*schema*/clock() - min(f.start_after) from unnest(q.ranks) k(rank), lateral (
      select y.start_after from /*schema*/job_ready y where y.queue = q.name and y.rank = k.rank
        and y.start_after <= now() order by y.start_after, y.id limit 1) f) end as oldest_ready_age,
    q.paused_on, q.paused_reason
  from /*schema*/queue q
  left join (
    select d.queue, sum(d.created) as created, sum(d.retry) as retry, sum(d.active) as active, sum(d.completed) as completed,
      sum(d.failed) as failed, sum(d.cancelled) as cancelled
    from (
      select queue, purge_on, created, retry, active, completed, failed, cancelled from /*schema*/queue_count
      union all
      select queue, purge_on, created, retry, active, completed, failed, cancelled from /*schema*/queue_delta
      where xid >= (select folded from /*schema*/maintenance)
    ) d where d.purge_on = '-infinity' or d.purge_on > (select (/*schema*/clock() at time zone 'UTC')::date)
    group by d.queue
  ) c on c.queue = q.name;
