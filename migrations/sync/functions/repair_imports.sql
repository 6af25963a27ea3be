-- SPDX-License-Identifier: MIT
-- Ends the imports whose job is gone without having said so, which only a change of the tables by hand can
-- bring about: otherwise their connections would be skipped for ever. Answers how many.
-- One look by key for each open import, whatever is known of the tables: a plan that a session made while they were
-- empty compared 100,000 imports with 100,000 jobs, for more than five minutes.
create or replace function sync.repair_imports() returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_mergejoin = off
set enable_hashjoin = off set jit = off
as $f$
declare
  v_count bigint;
begin
  with lost as (
    update sync.import_job i set status = 'failed', completed_at = /*schema*/clock(), error = 'the job is gone'
      where i.status in ('pending', 'running')
        and (select true from /*schema*/job_live l where l.id = i.job_id and l.queue = 'import-checkins') is null
      returning i.connection_id
  ), c as (
    update sync.connection c set sync_status = 'failed', sync_error = 'the job is gone'
      where c.id = any (array(select connection_id from lost)) and c.sync_status = 'syncing'
  )
  select count(*) into v_count from lost;
  return v_count;
end $f$;
