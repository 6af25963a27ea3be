-- SPDX-License-Identifier: MIT
-- Fires one job of a schedule at once and answers its id, null if there is no such schedule; the next
-- due time stays as it is.
create or replace function /*schema*/schedule_run_now(key text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  s /*schema*/schedule;
begin
  select * into s from /*schema*/schedule x where x.key = schedule_run_now.key and x.removed_on is null;
  if not found then
    return null;
  end if;
  return (/*schema*/enqueue(s.queue, array[s.data], s.options, null, array[/*schema*/schedule_origin(s.key, /*schema*/clock())]))[1];
end
$$;
