-- SPDX-License-Identifier: MIT
-- Reads a cron expression into its compact form and refuses what is wrong or can never be due; it knows
-- no time zone.
--
-- The compact form is six numbers: bitmaps of minute (bits 0 to 59), hour (0 to 23), day of month (1 to
-- 31), month (1 to 12) and day of week (0 to 6, Sunday is 0), then flags: 1 = interval schedule (minute
-- or hour begins with *: see docs/cron.md), 2 = a day matches when day of month or day of week does
-- (both are given and neither begins with *; otherwise both must match).
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/cron_parse(cron text) returns bigint[]
language plpgsql immutable strict parallel safe as $$
declare
  months constant text[] := '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}';
  days constant text[] := '{sun,mon,tue,wed,thu,fri,sat}';
  expr text := btrim(cron, E' \t\r\n');
  f text[];
  spec bigint[];
begin
  if left(expr, 1) = '@' then
    f := case lower(expr)
      when '@hourly' then '{0,*,*,*,*}'
      when '@daily' then '{0,0,*,*,*}'
      when '@midnight' then '{0,0,*,*,*}'
      when '@weekly' then '{0,0,*,*,0}'
      when '@monthly' then '{0,0,1,*,*}'
      when '@yearly' then '{0,0,1,1,*}'
      when '@annually' then '{0,0,1,1,*}'
    end::text[];
    if f is null then
      raise exception 'cron expression "%": the name is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually', cron
        using errcode = 'invalid_parameter_value';
    end if;
  else
    f := regexp_split_to_array(expr, '\s+');
    if expr = '' or array_length(f, 1) <> 5 then
      raise exception 'cron expression "%": it has % fields, not the five of minute, hour, day of month, month, day of week',
        cron, case when expr = '' then 0 else array_length(f, 1) end
        using errcode = 'invalid_parameter_value';
    end if;
  end if;

  spec := array[
    /*schema*/cron_field(expr, 'minute', f[1], 0, 59, null),
    /*schema*/cron_field(expr, 'hour', f[2], 0, 23, null),
    /*schema*/cron_field(expr, 'day of month', f[3], 1, 31, null),
    /*schema*/cron_field(expr, 'month', f[4], 1, 12, months),
    /*schema*/cron_field(expr, 'day of week', f[5], 0, 7, days),
    case when left(f[1], 1) = '*' or left(f[2], 1) = '*' then 1 else 0 end
    + case when left(f[3], 1) = '*' or left(f[5], 1) = '*' then 0 else 2 end];
  spec[5] := (spec[5] | (spec[5] >> 7)) & 127;

  -- 30 and 31 February, 31 April and the like: nothing below 2^29 fits in February, below 2^30 in the short months.
  -- Every other combination comes, 29 February on a given day of the week within 40 years.
  if spec[6] & 2 = 0 and not (
    spec[3] & ((1::bigint << 30) - 1) <> 0
    or (spec[3] & (1::bigint << 30) <> 0 and spec[4] & 8186 <> 0)      -- all but February
    or (spec[3] & (1::bigint << 31) <> 0 and spec[4] & 5546 <> 0))     -- Jan, Mar, May, Jul, Aug, Oct, Dec
  then
    raise exception 'cron expression "%": day of month "%" never comes in month "%"', cron, f[3], f[4]
      using errcode = 'invalid_parameter_value', hint = 'February has 29 days at most; April, June, September and November have 30.';
  end if;
  return spec;
end
$$;
