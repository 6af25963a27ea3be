-- SPDX-License-Identifier: MIT
-- Has somebody look out for the death of a worker that has just claimed. Workers look each second while others
-- hold leases, but one that sleeps does not know that it is so again. Who is told looks in 0.9 s, so a worker need
-- not ask for it at each claim.
create or replace function /*schema*/watch(p_worker bigint, p_now timestamptz) returns void
language plpgsql
as $f$
declare
  w bigint;
begin
  if not exists (select from /*schema*/job_worker k where k.id <> p_worker) then return; end if;
  for w in select x.worker from (select b.worker, pg_catalog.max(b.until) as until from /*schema*/job_bell b
             where b.worker <> p_worker and b.until > p_now group by b.worker) x
           order by x.until = pg_catalog.max(x.until) over () desc, pg_catalog.random() limit 2 loop -- as in ring()
    exit when pg_catalog.pg_notification_queue_usage() > 0.5;
    perform pg_catalog.pg_notify('pgqueue_' || w, 'w:');
  end loop;
end $f$;
