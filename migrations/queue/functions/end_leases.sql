-- SPDX-License-Identifier: MIT
-- Ends all leases of a worker that is gone, and puts each open job where it belongs. Answers how many.
--   p_charged   jobs whose attempt counts and that start again at once, NULL: all (nobody knows which ran)
--   p_culprits  jobs that brought the worker down: they count and wait for their backoff
create or replace function /*schema*/end_leases(p_worker bigint, p_charged bigint[], p_culprits bigint[], p_reason text)
returns bigint language plpgsql
set enable_seqscan = on set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_count bigint := 0;
  v_bad bigint[];
  g record;
begin
  perform /*schema*/lock_leases(array(select lease from /*schema*/job_lease where worker = p_worker));
  for g in
    with l as (delete from /*schema*/job_lease where worker = p_worker returning queue, started_on, ids)
    select l.queue, l.started_on, pg_catalog.array_agg(u.id) as ids from l, pg_catalog.unnest(l.ids) u(id) group by 1, 2 order by 1, 2
  loop
    v_count := v_count + pg_catalog.cardinality(g.ids);
    v_bad := array(select i from pg_catalog.unnest(g.ids) i where i = any (p_culprits) order by i);
    perform /*schema*/charge(g.queue, v_bad, null, p_reason, g.started_on, p_worker);
    g.ids := array(select i from pg_catalog.unnest(g.ids) i where i <> all (v_bad) order by i);
    v_bad := case when p_charged is null then g.ids
      else array(select i from pg_catalog.unnest(g.ids) i where i = any (p_charged)) end;
    perform /*schema*/charge(g.queue, v_bad, 0, p_reason, g.started_on, p_worker);
    if p_charged is not null then
      perform /*schema*/requeue(g.queue, array(select i from pg_catalog.unnest(g.ids) i where i <> all (v_bad)), null, null);
    end if;
  end loop;
  return v_count;
end $f$;
