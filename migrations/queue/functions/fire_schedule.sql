-- SPDX-License-Identifier: MIT
-- Sends the jobs of one schedule that is due and moves its watermark past now; answers how many. The
-- caller holds the row's lock.
--
-- Watermark and jobs are of one transaction, so each due time is fired once or is still to be fired. The
-- watermark moves forward only: a clock that steps back waits until it has caught up.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/fire_schedule(s /*schema*/schedule, now timestamptz) returns int
language plpgsql as $$
declare
  spec constant bigint[] := /*schema*/cron_parse(s.cron);
  first timestamptz := s.next_on;
  coming timestamptz := /*schema*/cron_after(spec, s.timezone, now);
  before timestamptz;
  due timestamptz[] := array[first];
begin
  -- The zone's rules may have changed since the watermark was computed (an update of the server's tzdata), and it is no due time any
  -- more. The nearest due time is then the same local time under the new rules: fire that, now or when it comes, and not both.
  if /*schema*/cron_after(spec, s.timezone, first - interval '1 microsecond') is distinct from first then
    before := (/*schema*/cron_due(spec, s.timezone, first - interval '25 hours', first, 1))[1];
    first := /*schema*/cron_after(spec, s.timezone, first);
    if before is not null and s.next_on - before <= first - s.next_on then
      first := before;
    end if;
    due := array[first];
  end if;

  if first > now then
    due := '{}';
    coming := first;
  elsif /*schema*/cron_after(spec, s.timezone, first) <= now or s.missed = 'skip' then
    due := case s.missed
      when 'skip' then /*schema*/cron_due(spec, s.timezone, greatest(first, now - interval '60 seconds'), now, 2)
      when 'latest' then /*schema*/cron_due(spec, s.timezone, first, now, 1)
      when 'all' then /*schema*/cron_due(spec, s.timezone, first, now, s.missed_limit)
    end;
  end if;

  if cardinality(due) > 0 then
    perform /*schema*/enqueue(s.queue, array_fill(s.data, array[cardinality(due)]), s.options, null,
      array(select /*schema*/schedule_origin(s.key, d) from unnest(due) with ordinality u (d, i) order by i));
  end if;
  update /*schema*/schedule x
  set next_on = coming, last_on = coalesce(due[cardinality(due)], x.last_on), last_error = null
  where x.key = s.key;
  return cardinality(due);
end
$$;
