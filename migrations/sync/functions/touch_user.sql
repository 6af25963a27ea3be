-- SPDX-License-Identifier: MIT
-- Records a login. False if there is no such user.
create or replace function sync.touch_user(p_id bigint) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
begin
  update sync.app_user set last_login_at = /*schema*/clock() where id = p_id;
  return found;
end $f$;
