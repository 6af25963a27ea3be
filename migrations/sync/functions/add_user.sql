-- SPDX-License-Identifier: MIT
-- Adds a user and answers the id: the one given, else the next. A login is recorded as of now unless a
-- time is given.
create or replace function sync.add_user(p_name text, p_id bigint default null, p_last_login timestamptz default null)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  v_id bigint;
  v_login constant timestamptz := coalesce(p_last_login, /*schema*/clock());
begin
  if p_id is null then
    -- ids given by hand may lie ahead of the sequence: step over them
    loop
      insert into sync.app_user (display_name, last_login_at) values (p_name, v_login)
        on conflict do nothing returning id into v_id;
      exit when found;
    end loop;
    return v_id;
  end if;
  insert into sync.app_user (id, display_name, last_login_at) values (p_id, p_name, v_login)
    on conflict do nothing returning id into v_id;
  if not found then
    raise exception 'user % exists already', p_id using errcode = 'PQ409';
  end if;
  return v_id;
end $f$;
