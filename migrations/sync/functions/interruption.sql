-- SPDX-License-Identifier: MIT
-- Why the running import of a connection must not go on with the token that it began with: inactive: the connection
-- was disconnected; reconnected: it got other tokens since, by store_tokens, maybe of another account. NULL: it may.
create or replace function sync.interruption(p_connection bigint) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $f$
  select case when not c.is_active or c.access_token_encrypted is null then 'inactive'
    when c.sync_status <> 'syncing' then 'reconnected' end
  from sync.connection c where c.id = p_connection
$f$;
