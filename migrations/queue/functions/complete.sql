-- SPDX-License-Identifier: MIT
-- Completes a job, or many: ok or lost. An output becomes the job's output.
create or replace function /*schema*/complete(id bigint, lease bigint, output jsonb default null) returns text
language sql
as $f$
  select (/*schema*/ok_lost(/*schema*/settle(array[$1], array[$2], null, array[$3::text])))[1]
$f$;
create or replace function /*schema*/complete(ids bigint[], leases bigint[], outputs jsonb[] default null) returns text[]
language sql
as $f$
  select /*schema*/ok_lost(/*schema*/settle($1, $2, null, $3::text[]))
$f$;
