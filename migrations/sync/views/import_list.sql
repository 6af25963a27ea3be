-- SPDX-License-Identifier: MIT
-- Each import with its connection. Latest first: order by import_id desc.
drop view if exists sync.import_list;
create view sync.import_list as
select i.id as import_id, c.user_id, u.display_name, i.connection_id, c.provider, i.job_id, i.trigger, i.status, i.records,
  i.attempts, i.error, i.created_at, i.started_at, i.completed_at, i.run_key
from sync.import_job i
join sync.connection c on c.id = i.connection_id
left join sync.app_user u on u.id = c.user_id;
