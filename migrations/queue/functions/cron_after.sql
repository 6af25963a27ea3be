-- SPDX-License-Identifier: MIT
-- Finds the first due time of a parsed cron expression strictly after an instant, by the rule in
-- cron_next.sql; it trusts its arguments.
--
-- All that lies between two shifts of the zone's offset is plain arithmetic. So it looks for a shift in
-- two places only: near `after` (an overlap brings back local times that are behind it) and near the
-- local time found (it may not exist, or exist twice). Instants are kept as timestamps in UTC: adding
-- hours to a timestamptz would go by the session's zone.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/cron_after(spec bigint[], tz text, after timestamptz) returns timestamptz
language plpgsql stable strict parallel safe as $$
declare
  reach constant interval := '25 hours';    -- longer than any overlap, shorter than the time between two shifts
  by_interval constant bool := spec[6] & 1 <> 0;
  utc timestamp := after at time zone 'UTC';
  wall timestamp := after at time zone tz;
  start timestamp;        -- local time from which to search
  slot timestamp;         -- local time found
  shift timestamp;
  before interval;        -- offset from UTC before the shift
  behind interval;        -- and after it
begin
  if not isfinite(after) then
    return null;
  end if;
  start := date_trunc('minute', wall) + interval '1 minute';
  before := wall - utc;
  if by_interval then
    behind := ((utc + reach) at time zone 'UTC') at time zone tz - (utc + reach);
    if before <> behind then
      shift := /*schema*/cron_shift(tz, utc, utc + reach);
      slot := /*schema*/cron_match(spec, start);
      if slot - before < shift then
        return (slot - before) at time zone 'UTC';
      end if;
      utc := shift;
      start := shift + behind;
      before := behind;
    end if;
    slot := /*schema*/cron_match(spec, start);
    if slot - before <= utc + reach then
      return (slot - before) at time zone 'UTC';
    end if;
  else
    behind := before;
    before := ((utc - reach) at time zone 'UTC') at time zone tz - (utc - reach);
    if before > behind then
      -- The hour that comes twice has had its runs in its first passage.
      start := greatest(start, /*schema*/cron_shift(tz, utc - reach, utc) + before);
    end if;
    slot := /*schema*/cron_match(spec, start);
  end if;

  loop
    -- No offset is beyond 16 hours: the local time falls between these two instants, whichever holds.
    utc := slot - interval '16 hours';
    before := (utc at time zone 'UTC') at time zone tz - utc;
    utc := slot + interval '16 hours';
    behind := (utc at time zone 'UTC') at time zone tz - utc;
    if before = behind then
      return (slot - behind) at time zone 'UTC';
    end if;
    shift := /*schema*/cron_shift(tz, slot - interval '16 hours', utc);
    if slot - before < shift then
      return (slot - before) at time zone 'UTC';
    elsif slot - behind >= shift then
      return (slot - behind) at time zone 'UTC';
    elsif not by_interval then
      return shift at time zone 'UTC';
    end if;
    slot := /*schema*/cron_match(spec, shift + behind);
  end loop;
end
$$;
