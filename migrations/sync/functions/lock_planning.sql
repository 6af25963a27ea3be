-- SPDX-License-Identifier: MIT
-- Held to the end of the transaction by whoever makes import jobs: so what is open cannot change between
-- looking and inserting. Taken in a statement of its own, because the next one must see what it waited for.
create or replace function sync.lock_planning() returns void
language sql
as $f$ select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('sync.import_job', 0)) $f$;
