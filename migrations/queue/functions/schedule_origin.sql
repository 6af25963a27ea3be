-- SPDX-License-Identifier: MIT
-- Tells a job where it comes from: the schedule's key and the due time in UTC, with a fraction only if
-- it has one.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/schedule_origin(key text, due timestamptz) returns jsonb
language sql stable parallel safe as $$
  select jsonb_build_object('schedule', key, 'due', to_char(due at time zone 'UTC',
    case when due = date_trunc('second', due) then 'YYYY-MM-DD"T"HH24:MI:SS"Z"' else 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' end))
$$;
