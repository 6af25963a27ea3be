-- SPDX-License-Identifier: MIT
-- Rotation: stores a connection's tokens as encrypted with the newest key, unless one of them was changed meanwhile.
--   p_refresh, p_new_refresh  may be NULL
drop function if exists sync.replace_token(bigint, text, text);
create or replace function sync.replace_tokens(p_connection bigint, p_access text, p_refresh text, p_new_access text,
  p_new_refresh text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
begin
  update sync.connection set access_token_encrypted = p_new_access, refresh_token_encrypted = p_new_refresh
    where id = p_connection and access_token_encrypted = p_access and refresh_token_encrypted is not distinct from p_refresh;
  return found;
end $f$;
