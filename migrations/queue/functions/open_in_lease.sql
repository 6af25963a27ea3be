-- SPDX-License-Identifier: MIT
-- Locks a lease and says whether a job is open in it; the lock lasts until the transaction ends, so nobody
-- can take the job away meanwhile. The fence for a worker's own writes.
create or replace function /*schema*/open_in_lease(p_id bigint, p_lease bigint) returns boolean
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
begin
  perform from /*schema*/job_lease l where l.lease = p_lease and p_id = any (l.ids) for update;
  return found and exists (select from /*schema*/job_live j where j.id = p_id);
end $f$;
