-- SPDX-License-Identifier: MIT
-- Removes a job that is not running, without a trace. False if it runs, or is not there. The end hook of its
-- queue is told that a queued one is cancelled.
create or replace function /*schema*/delete_job(id bigint) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_id alias for $1;
  j /*schema*/job_live := /*schema*/lock_job(p_id);
  f /*schema*/job_finished;
begin
  if j.id is not null then
    if not /*schema*/unready(j) then return false; end if;
    perform /*schema*/finish(j.queue, array[p_id], 'cancelled', null, null, null, 'queued');
  end if;
  delete from /*schema*/job_finished where id = p_id returning * into f;
  if f.id is not null then
    insert into /*schema*/queue_delta (queue, purge_on, completed, failed, cancelled)
      values (f.queue, f.purge_on, -(f.state = 'completed')::int, -(f.state = 'failed')::int, -(f.state = 'cancelled')::int);
  end if;
  return j.id is not null or f.id is not null;
end $f$;
