-- SPDX-License-Identifier: MIT
-- After a settle: takes jobs that went back to the queue out of their leases, and removes leases that hold
-- nothing open. A completed job is not taken out: its job_live row is gone, which says the same.
--   p_queue   their queue, or NULL: any
--   p_back    jobs that returned; p_closes  leases that the client says are done with
--   p_all_ok  every job of the settle was open, so a lease with as many jobs as were settled is empty
create or replace function /*schema*/trim_leases(p_queue text, p_leases bigint[], p_back bigint[], p_closes bigint[],
  p_all_ok boolean)
returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_mergejoin = off set enable_hashjoin = off set jit = off
as $f$
begin
  if p_back <> '{}' then
    update /*schema*/job_lease l
      set ids = array(select i from pg_catalog.unnest(l.ids) with ordinality u(i, o) where i <> all (p_back) order by o)
      where l.lease = any (p_leases) and (p_queue is null or l.queue = p_queue) and l.ids operator(pg_catalog.&&) p_back;
    p_all_ok := false; -- the counts below no longer match
    p_closes := p_leases;
  end if;
  delete from /*schema*/job_lease l using (
      select x as lease, pg_catalog.count(*) as settled from pg_catalog.unnest(p_leases) x group by x) c
    where l.lease = c.lease and (p_queue is null or l.queue = p_queue)
      and (p_all_ok and c.settled = pg_catalog.cardinality(l.ids)
        or l.lease = any (p_closes) and ( -- not a join: that reads all jobs when they were counted as none
          select j.id from /*schema*/job_live j where j.id = any (l.ids) and j.queue = l.queue limit 1) is null);
end $f$;
