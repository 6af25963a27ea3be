-- SPDX-License-Identifier: MIT
-- Counts an attempt of jobs that ended without a settle (their worker died, their time ran out): retried after
-- p_delay seconds (NULL: by their backoff), or failed for good when no retry is left.
create or replace function /*schema*/charge(p_queue text, p_ids bigint[], p_delay float8, p_reason text,
  p_started timestamptz, p_worker bigint) returns bigint[]
language plpgsql
as $f$
declare
  n constant int := coalesce(pg_catalog.cardinality(p_ids), 0);
begin
  if n = 0 then return '{}'; end if;
  return (/*schema*/fail_attempts(p_queue, p_ids,
    pg_catalog.array_fill(pg_catalog.jsonb_build_object('message', p_reason), array[n]),
    pg_catalog.array_fill(p_delay, array[n]), pg_catalog.array_fill(p_started, array[n]),
    pg_catalog.array_fill(p_worker, array[n]))).p_done;
end $f$;
