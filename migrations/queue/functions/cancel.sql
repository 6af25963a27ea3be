-- SPDX-License-Identifier: MIT
-- Cancels a job that has not ended. Of a running one the worker is told; its late settle answers "lost".
create or replace function /*schema*/cancel(id bigint) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_id alias for $1;
  j /*schema*/job_live := /*schema*/lock_job(p_id);
  l record;
begin
  if j.id is null then return false; end if;
  if /*schema*/unready(j) then
    perform /*schema*/finish(j.queue, array[j.id], 'cancelled', null, null, null, 'queued');
    return true;
  end if;
  select lease, started_on, worker into l from /*schema*/job_lease where queue = j.queue and ids @> array[p_id];
  perform /*schema*/finish(j.queue, array[j.id], 'cancelled', array[j.progress], array[l.started_on], array[l.worker], 'active');
  if l.worker is not null then perform pg_notify('pgqueue_' || l.worker, 'c:' || p_id || ':' || l.lease); end if;
  return true;
end $f$;
