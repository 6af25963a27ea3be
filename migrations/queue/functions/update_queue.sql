-- SPDX-License-Identifier: MIT
-- Changes the options given, for jobs sent from now on; the others stay.
create or replace function /*schema*/update_queue(name text, options jsonb)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_name alias for $1;
  p_options alias for $2;
  q /*schema*/queue := /*schema*/get_queue(p_name);
  n /*schema*/queue;
begin
  n := /*schema*/apply_queue_options(q, p_options);
  if n is not distinct from q then return true; end if; -- no row version when nothing changes
  select * into q from /*schema*/queue where name = p_name for update;
  n := /*schema*/apply_queue_options(q, p_options);
  update /*schema*/queue set retry_limit = n.retry_limit, retry_ms = n.retry_ms, retry_max_ms = n.retry_max_ms,
    backoff = n.backoff, expire_ms = n.expire_ms, keep_queued_s = n.keep_queued_s, keep_finished = n.keep_finished,
    dead_letter = n.dead_letter, policy = n.policy, updated_on = /*schema*/clock() where name = p_name;
  return true;
end $f$;
