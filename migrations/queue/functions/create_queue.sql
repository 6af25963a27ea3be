-- SPDX-License-Identifier: MIT
-- Creates a queue. True; an error if it is there already.
create or replace function /*schema*/create_queue(name text, options jsonb default '{}')
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_name alias for $1;
  p_options alias for $2;
  q /*schema*/queue;
begin
  if p_name is null or length(p_name) not between 1 and 100 or p_name ~ '[[:cntrl:]]' then
    raise exception 'a queue name must have 1 to 100 characters and no control characters' using errcode = '22023';
  end if;
  q.name := p_name; q.created_on := /*schema*/clock(); q.updated_on := q.created_on;
  q.retry_ms := 60000; q.expire_ms := 900000; q.keep_queued_s := 1209600; q.keep_finished := 1;
  q.retry_limit := 3; q.backoff := true; q.policy := 'standard'; q.ranks := '{0}'; q.payload_most := 0;
  q := /*schema*/apply_queue_options(q, p_options);
  insert into /*schema*/queue select q.* on conflict do nothing;
  if not found then
    raise exception 'queue "%" exists already', p_name using errcode = 'PQ409',
      hint = 'Change its options with update_queue.';
  end if;
  return true;
end $f$;
