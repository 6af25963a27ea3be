-- SPDX-License-Identifier: MIT
-- Waits until the first of the two large claims that other workers have in progress on a queue has ended; true, always. Side by
-- side each of ten claims steps over the rows that the nine others have locked, and that costs it more than its own.
-- Not one at a time: while one waits for its reader, a processor or the disk the other goes on.
-- It is a courtesy that no claim depends on: after a quarter of a second the caller claims beside. That is how long it is
-- delayed by a claim that cannot end, because its answer does not fit into the socket of a process that is frozen. A session
-- that has waited twice for the very same one waits again only after 5 seconds. The lock's key of two halves is
-- no key of a worker (lives).
create or replace function /*schema*/claim_turn(queue_name text) returns boolean
language plpgsql
set lock_timeout = '250ms'
as $f$
declare
  v_now timestamptz := /*schema*/clock();
  v_known constant text := pg_catalog.current_setting('pgqueue.claim_waited_for', true);
  v_until constant timestamptz := nullif(pg_catalog.current_setting('pgqueue.claim_beside_until', true), '');
  v_holder text;
begin
  if v_until > v_now and v_until <= v_now + interval '5 s' then return true; end if;
  begin
    perform pg_catalog.pg_advisory_xact_lock(1885829475, pg_catalog.hashtext(queue_name));
    return true;
  exception when lock_not_available then
    v_now := /*schema*/clock();
  end;
  select l.virtualtransaction into v_holder from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = 1885829475
      and l.objid = (pg_catalog.hashtext(queue_name)::bigint & 4294967295)::oid
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database());
  if v_holder = v_known then
    perform pg_catalog.set_config('pgqueue.claim_beside_until', (v_now + interval '5 s')::text, false);
  end if;
  perform pg_catalog.set_config('pgqueue.claim_waited_for', coalesce(v_holder, ''), false);
  return true;
end $f$;
