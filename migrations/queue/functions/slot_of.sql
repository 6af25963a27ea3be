-- SPDX-License-Identifier: MIT
-- The partition of job_finished for the day on which a job is purged.
create or replace function /*schema*/slot_of(p_day date) returns smallint
language sql immutable parallel safe
as $f$ select ((p_day - date '2000-01-01') % 32)::smallint $f$;
