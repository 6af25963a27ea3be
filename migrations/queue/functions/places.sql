-- SPDX-License-Identifier: MIT
-- Where to look for jobs: each priority of each queue (p_queues; NULL: all) that is not paused, from the place given
-- for it, but no later than p_late, or from the start. A function of its own for its settings: a nested loop over a thousand queues and as many
-- places took 820 ms, the hash join 2 ms, and the look itself needs nested loops. The names are a subquery for the same
-- reason: "= any (array)" compares each of a thousand queues with each of a thousand names, 6.5 ms, a subquery is hashed.
drop function if exists /*schema*/places(text[], text[], int[], timestamptz[], bigint[]);
create or replace function /*schema*/places(p_queues text[], p_at_queues text[], p_at_ranks int[],
  p_at_starts timestamptz[], p_at_ids bigint[], p_late timestamptz)
returns table (queue text, rank int, start_after timestamptz, id bigint)
language sql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_mergejoin = off set jit = off
as $f$
  select k.name, k.rank, case when a.start_after > p_late then p_late else coalesce(a.start_after, '-infinity') end,
    case when a.start_after > p_late then 0 else coalesce(a.id, 0) end
  from (select q.name, pg_catalog.unnest(q.ranks) as rank from /*schema*/queue q
    where (p_queues is null or q.name in (select pg_catalog.unnest(p_queues))) and q.paused_on is null) k
  left join rows from (pg_catalog.unnest(p_at_queues), pg_catalog.unnest(p_at_ranks), pg_catalog.unnest(p_at_starts),
    pg_catalog.unnest(p_at_ids)) a(queue, rank, start_after, id) on a.queue = k.name and a.rank = k.rank
$f$;
