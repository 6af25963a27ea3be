-- SPDX-License-Identifier: MIT
-- Fails the attempts that took longer than their expire_in. Answers how many.
create or replace function /*schema*/expire_attempts() returns bigint
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_count bigint := 0;
  v_done bigint[];
  v_ids bigint[];
  v_next timestamptz;
  x record;
  l record;
begin
  for x in select lease, queue from /*schema*/job_lease where expire_on <= v_now order by lease limit 1000 loop
    select * into l from /*schema*/job_lease where lease = x.lease and queue = x.queue and expire_on <= v_now for update skip locked;
    continue when not found;
    select pg_catalog.array_agg(j.id order by j.id) filter (where d.due <= v_now), pg_catalog.min(d.due) filter (where d.due > v_now)
      into v_ids, v_next
      from /*schema*/job_live j, lateral (select greatest(l.started_on, j.touched_on)
        + pg_catalog.make_interval(secs => j.expire_ms / 1000.0) as due) d
      where j.id = any (l.ids) and j.queue = l.queue;
    begin
      v_done := /*schema*/charge(l.queue, v_ids, null, 'expired: the attempt took longer than its expire_in', l.started_on, l.worker);
      v_count := v_count + pg_catalog.cardinality(v_done);
      if v_next is null then
        delete from /*schema*/job_lease where lease = l.lease and queue = l.queue;
      else
        update /*schema*/job_lease set expire_on = v_next,
          ids = array(select i from pg_catalog.unnest(l.ids) with ordinality u(i, o) where i <> all (coalesce(v_ids, '{}')) order by o)
          where lease = l.lease and queue = l.queue;
      end if;
      if l.worker is not null and v_ids is not null then
        perform pg_catalog.pg_notify('pgqueue_' || l.worker, 'c:' || i || ':' || l.lease) from pg_catalog.unnest(v_ids) i;
      end if;
    exception when others then -- an end hook that fails, for instance: the other leases go on
      raise warning 'maintenance: the attempts of lease % cannot be expired: % (%)', l.lease, sqlerrm, sqlstate;
    end;
  end loop;
  return v_count;
end $f$;
