-- SPDX-License-Identifier: MIT
-- A text among options, of 1 to 255 characters. NULL if it is not given (or null).
create or replace function /*schema*/option_text(p_options jsonb, p_name text) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $f$
declare
  value constant jsonb := p_options -> p_name;
begin
  if value is null or jsonb_typeof(value) = 'null' then return null; end if;
  if jsonb_typeof(value) <> 'string' or length(value #>> '{}') not between 1 and 255 then
    raise exception 'option "%" must be a text of 1 to 255 characters', p_name using errcode = '22023';
  end if;
  return value #>> '{}';
end $f$;
