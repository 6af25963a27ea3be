-- SPDX-License-Identifier: MIT
-- Completes a job, or many: ok or lost. An output becomes the job's output.
create or replace function /*schema*/complete(p_id bigint, p_lease bigint, p_output jsonb default null) returns text
language sql
as $f$
  select (/*schema*/ok_lost(/*schema*/settle(array[p_id], array[p_lease], null, array[p_output::text])))[1]
$f$;
create or replace function /*schema*/complete(p_ids bigint[], p_leases bigint[], p_outputs jsonb[] default null) returns text[]
language sql
as $f$
  select /*schema*/ok_lost(/*schema*/settle(p_ids, p_leases, null, p_outputs::text[]))
$f$;
