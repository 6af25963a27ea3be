-- SPDX-License-Identifier: MIT
-- Takes a queued job out of the ready table; false: a worker has it. The caller holds the lock of its
-- job_live row. A claim under way is waited for.
create or replace function /*schema*/unready(j /*schema*/job_live) returns boolean
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
begin
  delete from /*schema*/job_ready r
    where r.queue = j.queue and r.rank = j.rank and r.start_after = j.start_after and r.id = j.id;
  return found;
end $f$;
