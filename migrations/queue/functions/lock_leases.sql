-- SPDX-License-Identifier: MIT
-- Locks leases, always in one order, so that no two sessions wait for each other. Answers their queue if it is
-- one, else NULL.
--   p_queue  the queue, when the caller knows that it is one
-- A distributed server locks rows on one node per statement: docs/distributed.sql has the form for that.
create or replace function /*schema*/lock_leases(p_leases bigint[], p_queue text default null) returns text
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
declare
  v_first text;
  v_last text;
begin
  select pg_catalog.min(x.queue), pg_catalog.max(x.queue) into v_first, v_last from (
    select l.queue from /*schema*/job_lease l where l.lease = any (p_leases) and (p_queue is null or l.queue = p_queue)
      order by l.queue, l.lease for update) x;
  return case when v_first = v_last then v_first end;
end $f$;
