-- SPDX-License-Identifier: MIT
-- The connection of a user to an account of a provider, made if it is not there, and locked: its id, to
-- which the tokens are bound that store_tokens brings in the same transaction.
create or replace function sync.connect(p_user bigint, p_provider text, p_account text default '')
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  v_id bigint;
begin
  insert into sync.connection as c (user_id, provider, account_id, is_active)
    values (p_user, p_provider, coalesce(p_account, ''), false)
    on conflict (user_id, provider, account_id) do update set user_id = c.user_id
    returning id into v_id;
  return v_id;
end $f$;
