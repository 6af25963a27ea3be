-- SPDX-License-Identifier: MIT
-- Forgets the tokens of a user's connections to a provider (of one account, or of all) and stops their
-- imports at their next page; what was imported stays. The place of the walk goes, too: the next token may be that of
-- another account, whose history would end where this one's did. For the same account this costs requests only, since
-- rows that did not change are not written again. Answers how many there were.
create or replace function sync.disconnect(p_user bigint, p_provider text, p_account text default null)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  v_count bigint;
begin
  update sync.connection
    set is_active = false, access_token_encrypted = null, refresh_token_encrypted = null, expires_at = null,
      state = '{}'
    where user_id = p_user and provider = p_provider and (p_account is null or account_id = p_account)
      and (is_active or access_token_encrypted is not null);
  get diagnostics v_count = row_count;
  return v_count;
end $f$;
