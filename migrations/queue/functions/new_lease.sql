-- SPDX-License-Identifier: MIT
-- A random positive number of 53 bits, exact in every JSON client: for leases and workers. Not a sequence:
-- after a server crash a sequence was seen to give the same number twice.
create or replace function /*schema*/new_lease() returns bigint
language sql volatile
as $f$
  select ('x' || pg_catalog.translate(pg_catalog.right(pg_catalog.gen_random_uuid()::text, 17), '-', ''))::bit(64)::bigint
    & 9007199254740991
$f$;
