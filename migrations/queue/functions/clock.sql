-- SPDX-License-Identifier: MIT
-- The only clock that anything is decided by; tests replace this function.
create or replace function /*schema*/clock() returns timestamptz
language sql volatile parallel safe
as $f$ select pg_catalog.clock_timestamp() $f$;
