-- SPDX-License-Identifier: MIT
-- Refuses what is not the name of an IANA time zone and gives back the name; it does not know offsets.
--
-- AT TIME ZONE takes more than we want: POSIX rules ("XYZ3", even "Foo/Bar3") and abbreviations ("CET",
-- which it prefers over the zone of that name and then knows no daylight saving). Looking into
-- pg_timezone_names costs some 40 ms, as it reads every zone's file. This does not: a POSIX rule has a
-- digit, an abbreviation has no slash, and the few IANA names with a digit are fixed.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/cron_zone(tz text) returns text
language plpgsql stable parallel safe as $$
begin
  if tz = 'UTC' then
    return tz;
  end if;
  if tz is null or tz = '' then
    raise exception 'time zone is missing: use the name of an IANA zone such as Europe/Berlin or UTC'
      using errcode = 'invalid_parameter_value';
  end if;
  if tz !~* '^(utc|gmt|uct|zulu|(etc/)?gmt[+-]?0|etc/gmt(\+([1-9]|1[0-2])|-([1-9]|1[0-4]))|est5edt|cst6cdt|mst7mdt|pst8pdt)$' then
    if tz ~ '[^[:alpha:]_/-]' or lower(tz) in ('localtime', 'posixrules', 'factory', 'default') then
      raise exception 'unknown time zone "%": use the name of an IANA zone such as Europe/Berlin or UTC', tz
        using errcode = 'invalid_parameter_value';
    end if;
    if tz !~ '/' and exists (select from pg_catalog.pg_timezone_abbrevs a where a.abbrev = upper(tz)) then
      raise exception 'time zone "%" is an abbreviation: use the name of an IANA zone such as Europe/Berlin or UTC', tz
        using errcode = 'invalid_parameter_value';
    end if;
  end if;
  begin
    perform '2000-01-01 00:00:00+00'::timestamptz at time zone tz;
  exception when invalid_parameter_value then
    raise exception 'unknown time zone "%": use the name of an IANA zone such as Europe/Berlin or UTC', tz
      using errcode = 'invalid_parameter_value';
  end;
  return tz;
end
$$;
