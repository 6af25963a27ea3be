-- SPDX-License-Identifier: MIT
-- The size of a payload: as JSON text, which is what a claim hands out, or as stored, whichever is larger. Stored numbers
-- tell nothing of their text: 1e131071 takes 24 bytes and has 131,072 digits. 0.4 us for a payload of 100 bytes.
create or replace function /*schema*/payload_size(p_data jsonb) returns int
language sql stable
as $f$
  select case when pg_catalog.pg_column_size(p_data) > 65536 then /*schema*/payload_size_long(p_data)
    else greatest(pg_catalog.pg_column_size(pg_catalog.jsonb_out(p_data)), pg_catalog.pg_column_size(p_data)) end
$f$;
