-- SPDX-License-Identifier: MIT
-- payload_size() of a payload whose text may be more than the server can hold, 1 GiB: then that.
create or replace function /*schema*/payload_size_long(p_data jsonb) returns int
language plpgsql stable
as $f$
begin
  return greatest(pg_catalog.pg_column_size(pg_catalog.jsonb_out(p_data)), pg_catalog.pg_column_size(p_data));
exception when program_limit_exceeded then
  return 1024 * 1024 * 1024;
end $f$;
