-- SPDX-License-Identifier: MIT
-- A truth value among options. NULL if it is not given (or null).
create or replace function /*schema*/option_bool(p_options jsonb, p_name text) returns boolean
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $f$
declare
  value constant jsonb := p_options -> p_name;
begin
  if value is null or jsonb_typeof(value) = 'null' then return null; end if;
  if jsonb_typeof(value) <> 'boolean' then
    raise exception 'option "%" must be true or false, it is %', p_name, value #>> '{}' using errcode = '22023';
  end if;
  return value::text::boolean;
end $f$;
