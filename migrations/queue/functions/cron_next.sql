-- SPDX-License-Identifier: MIT
-- Finds the first due time of a cron expression in a time zone strictly after an instant; it knows no
-- schedule and no clock.
--
-- The rule for shifts of the zone's offset (daylight saving and all others), at length in docs/cron.md:
-- * An expression whose minute and hour are fixed (neither begins with *) names local times. Each runs
--   once: one that comes twice runs at its first coming; those that are skipped run at the first instant
--   after the gap, together, and together with one that is due then.
-- * An expression whose minute or hour begins with * names an interval. It runs by elapsed time:
--   whenever the local clock shows a time that it names, so in both passages of a repeated hour and not
--   at all in a skipped one.
create or replace function /*schema*/cron_next(cron text, tz text, after timestamptz) returns timestamptz
language sql stable strict parallel safe set search_path = pg_catalog, pg_temp as $$
  select /*schema*/cron_after(/*schema*/cron_parse(cron), /*schema*/cron_zone(tz), after)
$$;
