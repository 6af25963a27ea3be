-- SPDX-License-Identifier: MIT
-- The job_live row of a job, locked until the transaction ends; all null if there is none.
create or replace function /*schema*/lock_job(p_id bigint) returns /*schema*/job_live
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
declare
  v_queue text; -- of a job it never changes
  j /*schema*/job_live;
begin
  select x.queue into v_queue from /*schema*/job_live x where x.id = p_id;
  select x.* into j from /*schema*/job_live x where x.queue = v_queue and x.id = p_id for update;
  return j;
end $f$;
