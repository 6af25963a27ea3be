-- SPDX-License-Identifier: MIT
-- Gives a job, or many, back to the queue at once, the attempt not counted: ok or lost.
create or replace function /*schema*/release(ids bigint[], leases bigint[]) returns text[]
language sql
as $f$
  select /*schema*/ok_lost(/*schema*/settle($1, $2, pg_catalog.array_fill('release'::text, array[pg_catalog.cardinality($1)])))
$f$;
create or replace function /*schema*/release(id bigint, lease bigint) returns text
language sql
as $f$ select (/*schema*/release(array[$1], array[$2]))[1] $f$;
