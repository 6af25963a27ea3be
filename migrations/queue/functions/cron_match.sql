-- SPDX-License-Identifier: MIT
-- Finds the first local time at or after the given one that a parsed cron expression names; it knows no
-- time zone.
--
-- It jumps by fields: one step per month, over at most 41 years (29 February on one day of the week,
-- around 2100). The lowest set bit of x is x & -x, and its number is the count of the bits below it. SQL
-- gives << | & the same precedence: mind the brackets.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/cron_match(spec bigint[], start timestamp) returns timestamp
language plpgsql immutable strict parallel safe as $$
declare
  at timestamp := case when start = date_trunc('minute', start) then start
                       else date_trunc('minute', start) + interval '1 minute' end;
  today date := at::date;
  h int := extract(hour from at);
  m int := extract(minute from at);
  y int;
  mon int;
  day int;
  until int;
  first date;       -- of the month in question
  wday int;         -- its day of the week
  bits bigint;
begin
  -- The rest of the first day: its next minute in this hour, else the first minute of its next hour, else no time at all.
  bits := case when (spec[2] >> h) & 1 = 1 then (spec[1] >> m) << m else 0 end;
  if bits = 0 then
    bits := (spec[2] >> (h + 1)) << (h + 1);
    if bits = 0 then
      today := today + 1;
      bits := spec[2];
    end if;
    h := bit_count(((bits & -bits) - 1)::bit(64));
    bits := spec[1];
  end if;
  m := bit_count(((bits & -bits) - 1)::bit(64));

  y := extract(year from today);
  mon := extract(month from today);
  day := extract(day from today);
  until := y + 41;
  loop
    if (spec[4] >> mon) & 1 = 1 then
      first := make_date(y, mon, 1);
      wday := ((first - date '2000-01-02') % 7 + 7) % 7;
      -- The week's seven bits, turned so that bit 0 is the month's first day, then repeated five times.
      bits := ((spec[5] >> wday) | (spec[5] << (7 - wday))) & 127;
      bits := (bits * 270549121) << 1;
      bits := case when spec[6] & 2 <> 0 then spec[3] | bits else spec[3] & bits end;
      bits := ((bits & ((1::bigint << ((first + interval '1 month')::date - first + 1)) - 1)) >> day) << day;
      if bits <> 0 then
        first := first + (bit_count(((bits & -bits) - 1)::bit(64))::int - 1);
        if first > today then
          h := bit_count(((spec[2] & -spec[2]) - 1)::bit(64));
          m := bit_count(((spec[1] & -spec[1]) - 1)::bit(64));
        end if;
        return first + make_time(h, m, 0);
      end if;
    end if;
    day := 1;
    mon := mon + 1;
    if mon > 12 then
      mon := 1;
      y := y + 1;
      if y > until then
        return null;
      end if;
    end if;
  end loop;
end
$$;
