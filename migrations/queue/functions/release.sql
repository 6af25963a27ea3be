-- SPDX-License-Identifier: MIT
-- Gives a job, or many, back to the queue at once, the attempt not counted: ok or lost.
create or replace function /*schema*/release(p_ids bigint[], p_leases bigint[]) returns text[]
language sql
as $f$
  select /*schema*/ok_lost(/*schema*/settle(p_ids, p_leases, pg_catalog.array_fill('release'::text, array[pg_catalog.cardinality(p_ids)])))
$f$;
create or replace function /*schema*/release(p_id bigint, p_lease bigint) returns text
language sql
as $f$ select (/*schema*/release(array[p_id], array[p_lease]))[1] $f$;
