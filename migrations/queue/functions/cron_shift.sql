-- SPDX-License-Identifier: MIT
-- Finds the instant (as UTC) in (lo, hi] from which on a zone's offset is no longer that of lo, by
-- halving; it knows no schedule. The caller has seen that the offsets of lo and hi differ. No zone of
-- tzdata shifts twice within 3 days.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/cron_shift(tz text, lo timestamp, hi timestamp) returns timestamp
language plpgsql stable strict parallel safe as $$
declare
  a timestamp := date_trunc('second', lo);
  b timestamp := date_trunc('second', hi);
  mid timestamp;
  before interval := ((a at time zone 'UTC') at time zone tz) - a;
begin
  while b - a > interval '1 second' loop
    mid := date_trunc('second', a + (b - a) / 2);
    if ((mid at time zone 'UTC') at time zone tz) - mid = before then
      a := mid;
    else
      b := mid;
    end if;
  end loop;
  return b;
end
$$;
