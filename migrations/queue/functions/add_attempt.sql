-- SPDX-License-Identifier: MIT
-- The list of a job's attempts with one more; the newest 20 are kept.
create or replace function /*schema*/add_attempt(p_attempts jsonb, p_entry jsonb) returns jsonb
language sql immutable
as $f$
  select case when pg_catalog.jsonb_array_length(p_attempts) >= 20 then p_attempts - 0 else coalesce(p_attempts, '[]') end
    || pg_catalog.jsonb_build_array(p_entry)
$f$;
