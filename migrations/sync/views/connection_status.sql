-- SPDX-License-Identifier: MIT
-- Each connection with its latest import; no token.
drop view if exists sync.connection_status;
create view sync.connection_status as
select c.id as connection_id, c.user_id, u.display_name, c.provider, c.account_id, c.account_name, c.is_active,
  c.access_token_encrypted is not null as has_token, c.sync_status, c.sync_error, c.last_synced_at, c.expires_at,
  i.id as import_id, i.status as import_status, i.records as import_records, i.attempts as import_attempts
from sync.connection c
left join sync.app_user u on u.id = c.user_id
left join lateral (select * from sync.import_job i where i.connection_id = c.id order by i.id desc limit 1) i on true;
