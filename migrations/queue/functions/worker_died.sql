-- SPDX-License-Identifier: MIT
-- What a supervisor knows of a worker process that died: jobs that had started, and of these the culprits, on
-- the thread that crashed. With culprits, only they are charged. Without, everything that had started is. Jobs
-- claimed and not started keep their attempt. Answers how many jobs were freed.
create or replace function /*schema*/worker_died(p_worker bigint, p_started bigint[], p_culprits bigint[], p_reason text)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  n bigint;
begin
  n := /*schema*/end_leases(p_worker,
    case when cardinality(coalesce(p_culprits, '{}')) > 0 then '{}' else coalesce(p_started, '{}') end,
    coalesce(p_culprits, '{}'), 'the worker process died: ' || coalesce(p_reason, 'unknown reason'));
  delete from /*schema*/job_bell where worker = p_worker;
  delete from /*schema*/job_worker where id = p_worker;
  return n;
end $f$;
