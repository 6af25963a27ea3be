-- SPDX-License-Identifier: MIT
-- Creates or changes a schedule and answers its next due time; it does not fire.
--
-- options: every option of send, for the jobs, and missed ('skip', 'latest' or 'all') and missed_limit
-- (see docs/cron.md). A key that was removed comes back. The next due time is a stored watermark: a
-- change that leaves cron and tz as they were does not move it, so a configuration applied at every
-- start loses no due time. Otherwise it is set to the first due time from now on, or after the last one
-- fired if the clock stands before that (it was set back): no due time is fired twice. A last one more
-- than a day ahead of the clock came from a wrong clock and does not count.
create or replace function /*schema*/schedule(
  key text, queue text, cron text, tz text default 'UTC', data jsonb default null, options jsonb default '{}'
) returns timestamptz
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  t timestamptz := /*schema*/clock();
  send_options jsonb := coalesce(options, '{}');
  missed text := 'latest';
  missed_limit int := 100;
  due timestamptz;
begin
  if coalesce(schedule.key, '') = '' then
    raise exception 'a schedule needs a key' using errcode = 'invalid_parameter_value';
  end if;
  if schedule.cron is null then
    raise exception 'schedule "%": the cron expression is missing', schedule.key using errcode = 'invalid_parameter_value';
  end if;
  perform /*schema*/get_queue(schedule.queue), /*schema*/cron_zone(schedule.tz), /*schema*/cron_parse(schedule.cron);
  if jsonb_typeof(send_options) = 'object' then
    missed := coalesce(/*schema*/option_text(send_options, 'missed'), missed);
    missed_limit := coalesce(/*schema*/option_int(send_options, 'missed_limit', 1, 10000), missed_limit);
    send_options := send_options - '{missed,missed_limit}'::text[];
    if missed not in ('skip', 'latest', 'all') then
      raise exception 'option "missed" must be skip, latest or all, it is %', missed using errcode = 'invalid_parameter_value';
    end if;
  end if;
  -- All that can be wrong with the options is told now, not at two in the morning.
  perform /*schema*/apply_send_options(null, send_options), /*schema*/option_start(send_options, t),
    /*schema*/check_payloads(array[schedule.data]);

  insert into /*schema*/schedule as s
    (key, queue, cron, timezone, data, options, missed, missed_limit, next_on, created_on, updated_on)
  values (schedule.key, schedule.queue, schedule.cron, schedule.tz, schedule.data, send_options, missed, missed_limit,
    /*schema*/cron_next(schedule.cron, schedule.tz, t), t, t)
  on conflict (key) do update set
    queue = excluded.queue, cron = excluded.cron, timezone = excluded.timezone, data = excluded.data, options = excluded.options,
    missed = excluded.missed, missed_limit = excluded.missed_limit, last_error = null, removed_on = null, updated_on = t,
    next_on = case
      when s.cron = excluded.cron and s.timezone = excluded.timezone and s.next_on is not null then s.next_on
      when s.last_on > t and s.last_on <= t + interval '25 hours'
      then /*schema*/cron_next(excluded.cron, excluded.timezone, s.last_on)
      else excluded.next_on
    end
  returning next_on into due;
  return due;
end
$$;
