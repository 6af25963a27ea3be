-- SPDX-License-Identifier: MIT
-- Refuses payloads over the limit, and has the queue's row know the size of its largest one, so that claims count bytes
-- only where that is needed (fit_claim). The row is changed, and locked until the sender commits, when a payload is the
-- first of more than 4 KiB or twice as large as any before: a dozen times in a queue's life.
create or replace function /*schema*/note_payloads(q /*schema*/queue, p_data jsonb[]) returns void
language plpgsql
as $f$
declare
  v_size int;
begin
  if p_data is null then return; end if;
  select pg_catalog.max(/*schema*/payload_size(s.data)) into v_size from (select pg_catalog.unnest(p_data) as data) s;
  if v_size is null or v_size <= greatest(q.payload_most, 4096) then return; end if;
  perform /*schema*/check_payloads(p_data);
  v_size := pg_catalog.power(2, pg_catalog.ceil(pg_catalog.log(2, v_size)))::int;
  update /*schema*/queue set payload_most = v_size where name = q.name and payload_most < v_size;
end $f$;
