-- SPDX-License-Identifier: MIT
-- A whole number among options, within bounds. NULL if it is not given (or null).
create or replace function /*schema*/option_int(p_options jsonb, p_name text, p_low int, p_high int)
returns int language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $f$
declare
  value constant jsonb := p_options -> p_name;
  n numeric;
begin
  if value is null or jsonb_typeof(value) = 'null' then return null; end if;
  if jsonb_typeof(value) = 'number' then n := value::text::numeric; end if;
  if n is null or n <> trunc(n) or n not between p_low and p_high then
    raise exception 'option "%" must be a whole number from % to %, it is %', p_name, p_low, p_high,
      value #>> '{}' using errcode = '22023';
  end if;
  return n;
end $f$;
