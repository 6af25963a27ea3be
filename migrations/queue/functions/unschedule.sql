-- SPDX-License-Identifier: MIT
-- Removes a schedule; false if there is none. Its row stays, without a next due time, so that
-- schedule_declare sees it was removed.
create or replace function /*schema*/unschedule(key text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update /*schema*/schedule s
  set removed_on = /*schema*/clock(), next_on = null, last_error = null, updated_on = /*schema*/clock()
  where s.key = unschedule.key and s.removed_on is null;
  return found;
end
$$;
