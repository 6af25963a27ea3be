-- SPDX-License-Identifier: MIT
-- Creates or changes a schedule on behalf of a configuration file, but leaves one alone that was removed
-- (answer null): it does not come back with the next restart.
create or replace function /*schema*/schedule_declare(
  key text, queue text, cron text, tz text default 'UTC', data jsonb default null, options jsonb default '{}'
) returns timestamptz
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  removed timestamptz;
begin
  -- The lock keeps an unschedule that comes between the look and the change waiting: it then removes what was declared.
  select s.removed_on into removed from /*schema*/schedule s where s.key = schedule_declare.key for update;
  if removed is not null then
    return null;
  end if;
  return /*schema*/schedule(key, queue, cron, tz, data, options);
end
$$;
