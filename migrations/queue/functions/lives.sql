-- SPDX-License-Identifier: MIT
-- Whether some session holds the lock of a worker. Read from pg_locks, because a try would succeed in the
-- session that holds it.
create or replace function /*schema*/lives(p_worker bigint) returns boolean
language sql stable
as $f$
  select exists (select from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
      and l.classid = (p_worker >> 32)::oid and l.objid = (p_worker & 4294967295)::oid)
$f$;
