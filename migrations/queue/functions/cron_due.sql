-- SPDX-License-Identifier: MIT
-- Lists the newest due times of a parsed cron expression within a span, both ends included, oldest
-- first; it knows no schedule.
--
-- There is no search backwards: it looks at growing pieces from the end, so that a span of years costs
-- no more than what is asked for.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/cron_due(spec bigint[], tz text, low timestamptz, high timestamptz, wanted int)
returns timestamptz[]
language plpgsql stable strict parallel safe as $$
declare
  piece interval := interval '2 minutes';
  start timestamptz;
  due timestamptz;
  found timestamptz[];
begin
  loop
    start := greatest(low, high - piece);
    found := '{}';
    due := /*schema*/cron_after(spec, tz, start - interval '1 microsecond');
    while due <= high loop
      found := found || due;
      due := /*schema*/cron_after(spec, tz, due);
    end loop;
    if start <= low or cardinality(found) >= wanted then
      return found[greatest(1, cardinality(found) - wanted + 1):];
    end if;
    piece := piece * 4;
  end loop;
end
$$;
