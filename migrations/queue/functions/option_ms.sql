-- SPDX-License-Identifier: MIT
-- A duration among options, in milliseconds: a number of seconds, or an interval as text. NULL if it is
-- not given (or null). At most 24 days.
create or replace function /*schema*/option_ms(p_options jsonb, p_name text) returns int
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $f$
declare
  value constant jsonb := p_options -> p_name;
  seconds numeric;
begin
  if value is null or jsonb_typeof(value) = 'null' then return null; end if;
  if jsonb_typeof(value) = 'number' then
    seconds := value::text::numeric;
  elsif jsonb_typeof(value) = 'string' then
    begin
      seconds := extract(epoch from (value #>> '{}')::interval);
    exception when others then
      raise exception 'option "%": "%" is not an interval (try a number of seconds, or ''5 min'')',
        p_name, value #>> '{}' using errcode = '22023';
    end;
  else
    raise exception 'option "%" must be a number of seconds or an interval as text, not %',
      p_name, jsonb_typeof(value) using errcode = '22023';
  end if;
  if seconds < 0 then
    raise exception 'option "%" must not be negative, it is %', p_name, value #>> '{}' using errcode = '22023';
  end if;
  if seconds > 24 * 86400 then
    raise exception 'option "%" must be at most 24 days, it is %', p_name, value #>> '{}' using errcode = '22023';
  end if;
  return round(seconds * 1000);
end $f$;
