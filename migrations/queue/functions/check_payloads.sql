-- SPDX-License-Identifier: MIT
-- Refuses payloads over 16 MiB, as text or as stored: a claim hands whole batches to a worker's memory.
create or replace function /*schema*/check_payloads(p_data jsonb[]) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $f$
declare
  most constant int := 16 * 1024 * 1024;
  size int;
begin
  select max(/*schema*/payload_size(d)) into size from unnest(p_data) d;
  if size > most then
    raise exception 'the payload is over the limit: % bytes, at most % are allowed', size, most
      using errcode = '54000', hint = 'Store it elsewhere and send a reference.';
  end if;
end $f$;
