-- SPDX-License-Identifier: MIT
-- Makes a queued job due now. False if it is not queued.
create or replace function /*schema*/run_now(id bigint) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_id alias for $1;
  v_now constant timestamptz := /*schema*/clock();
  j /*schema*/job_live := /*schema*/lock_job(p_id);
begin
  if j.id is null or not /*schema*/unready(j) then return false; end if;
  update /*schema*/job_live set start_after = least(start_after, v_now) where queue = j.queue and id = p_id returning * into j;
  insert into /*schema*/job_ready (id, start_after, rank, expire_ms, attempt, queue)
    values (j.id, j.start_after, j.rank, j.expire_ms, j.attempt, j.queue);
  perform /*schema*/ring(j.queue, j.start_after, 1);
  return true;
end $f$;
