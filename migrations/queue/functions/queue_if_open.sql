-- SPDX-License-Identifier: MIT
-- Locks a lease if a job is open in it, and answers their queue, else NULL; the lock lasts until the transaction
-- ends, so nobody can take the job away meanwhile. The fence for a worker's own writes.
create or replace function /*schema*/queue_if_open(p_id bigint, p_lease bigint) returns text
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
declare
  v_queue text; -- of a lease it never changes
begin
  select l.queue into v_queue from /*schema*/job_lease l where l.lease = p_lease;
  perform from /*schema*/job_lease l where l.queue = v_queue and l.lease = p_lease and p_id = any (l.ids) for update;
  if not found then return null; end if;
  perform from /*schema*/job_live j where j.queue = v_queue and j.id = p_id;
  return case when found then v_queue end;
end $f$;
