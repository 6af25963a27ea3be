-- SPDX-License-Identifier: MIT
-- Of the jobs of a settle those that are open in the lease given, by queue and outcome; ords are their places in p_ids.
-- The caller has locked the leases. Apart from settle() for the sake of its setting: once job_lease was analysed while it
-- was nearly empty, a nested loop compared each of 2,000 outcomes with each of 3,000 ids, and 100,000 jobs a second
-- became 10,000.
create or replace function /*schema*/open_outcomes(p_ids bigint[], p_leases bigint[], p_outcomes text[], p_details jsonb[],
  p_delays float8[], p_queue text)
returns table (queue text, outcome text, ids bigint[], ords bigint[], details jsonb[], delays float8[],
  started timestamptz[], workers bigint[])
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set jit = off
as $f$
#variable_conflict use_column
begin
  return query
  select l.queue, coalesce(s.outcome, 'done'), pg_catalog.array_agg(s.id), pg_catalog.array_agg(s.ord),
    pg_catalog.array_agg(s.detail), pg_catalog.array_agg(s.delay), pg_catalog.array_agg(l.started_on),
    pg_catalog.array_agg(l.worker)
  from rows from (pg_catalog.unnest(p_ids), pg_catalog.unnest(p_leases), pg_catalog.unnest(p_outcomes),
    pg_catalog.unnest(p_details), pg_catalog.unnest(p_delays)) with ordinality s(id, lease, outcome, detail, delay, ord)
  join (select x.lease, x.queue, x.started_on, x.worker, pg_catalog.unnest(x.ids) as id
    from /*schema*/job_lease x
    where x.lease = any (p_leases) and (p_queue is null or x.queue = p_queue)) l on l.lease = s.lease and l.id = s.id
  group by 1, 2 order by 1, 2;
end $f$;
