-- SPDX-License-Identifier: MIT
-- Makes the two queues, and the hook that keeps connections and imports in step with the jobs, if somebody
-- deleted them.
create or replace function sync.ensure_queues() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
begin
  if not exists (select from /*schema*/queue where name = 'import-checkins' and end_hook is not null) then
    perform /*schema*/declare_queue('import-checkins', '{"retry_limit": 5, "retry_delay": 60, "retry_delay_max": 3600}');
    perform /*schema*/set_end_hook('import-checkins', 'sync.import_ended');
  end if;
  if not exists (select from /*schema*/queue where name = 'daily-sync-orchestrator') then
    perform /*schema*/declare_queue('daily-sync-orchestrator', '{"retry_limit": 5, "retry_delay": 30, "retry_delay_max": 3600}');
  end if;
end $f$;
