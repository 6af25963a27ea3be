-- SPDX-License-Identifier: MIT
-- Stores a connection's encrypted tokens and makes it active: it is imported again. A running import, which began
-- with the token before, sees that the connection is no longer syncing and begins anew (sync.interruption). False if
-- there is no such connection.
create or replace function sync.store_tokens(p_connection bigint, p_access text, p_refresh text default null,
  p_expires timestamptz default null, p_scopes text default null)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
begin
  update sync.connection
    set access_token_encrypted = p_access, refresh_token_encrypted = p_refresh, expires_at = p_expires,
      scopes = coalesce(p_scopes, scopes), is_active = true, sync_error = null,
      sync_status = 'pending'
    where id = p_connection;
  return found;
end $f$;
