-- SPDX-License-Identifier: MIT
-- Has somebody look out for the death of a worker that has just claimed. Workers look each second while others
-- hold leases, but one that sleeps does not know that it is so again. Nothing is to do when one of them looks
-- within the next second anyway.
create or replace function /*schema*/watch(p_worker bigint, p_now timestamptz) returns void
language plpgsql
as $f$
declare
  w bigint;
begin
  if not exists (select from /*schema*/job_worker k where k.id <> p_worker) then return; end if;
  if exists (select from /*schema*/job_bell b where b.worker <> p_worker and b.until > p_now
      and b.until <= p_now + interval '1200 ms') then
    return;
  end if;
  for w in select distinct b.worker from /*schema*/job_bell b where b.worker <> p_worker and b.until > p_now limit 2 loop
    exit when pg_catalog.pg_notification_queue_usage() > 0.5;
    perform pg_catalog.pg_notify('pgqueue_' || w, 'w:');
  end loop;
end $f$;
