-- SPDX-License-Identifier: MIT
-- A worker leaves: what it still holds goes back to the queue, the attempts not counted.
create or replace function /*schema*/unregister_worker(p_worker bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
begin
  perform /*schema*/end_leases(p_worker, '{}', '{}', 'the worker was stopped');
  delete from /*schema*/job_bell where worker = p_worker;
  delete from /*schema*/job_worker where id = p_worker and suspect_on = 'infinity';
  if not found then
    delete from /*schema*/job_worker where id = p_worker;
    perform pg_advisory_unlock(p_worker);
  end if;
end $f$;
