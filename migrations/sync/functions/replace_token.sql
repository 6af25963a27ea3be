-- SPDX-License-Identifier: MIT
-- Rotation: stores an access token as encrypted with the newer key, unless it was changed meanwhile.
create or replace function sync.replace_token(p_connection bigint, p_old text, p_new text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
begin
  update sync.connection set access_token_encrypted = p_new
    where id = p_connection and access_token_encrypted = p_old;
  return found;
end $f$;
