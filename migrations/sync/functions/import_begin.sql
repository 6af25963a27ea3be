-- SPDX-License-Identifier: MIT
-- Starts an attempt of an import: its rows are running and syncing from here on.
--   p_connection  from the job's payload, for a job that was sent by hand and has no import_job yet
-- outcome: ok; lost: another worker owns the job, roll back; busy: another import of the connection is
-- open; gone: no such connection; inactive; no token
create or replace function sync.import_begin(p_job bigint, p_lease bigint, p_connection bigint, p_attempt int,
  out outcome text, out import_id bigint, out connection_id bigint, out access_token_encrypted text,
  out is_expired boolean, out walk_before bigint, out resumed boolean)
language plpgsql
set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off
as $f$
#variable_conflict use_column
declare
  v_now constant timestamptz := /*schema*/clock();
  i sync.import_job;
  c sync.connection;
begin
  if /*schema*/touch(p_job, p_lease) <> 'ok' then
    outcome := 'lost';
    return;
  end if;
  select * into i from sync.import_job where job_id = p_job for update;
  connection_id := coalesce(i.connection_id, p_connection);
  if i.id is null or i.status not in ('pending', 'running') then
    -- sent by hand, or retried by hand after its end: it may go on if nobody else is at it
    perform sync.lock_planning();
    perform sync.ensure_queues();
    if exists (select from sync.import_job o where o.connection_id = import_begin.connection_id
        and o.status in ('pending', 'running')) then
      outcome := 'busy';
      return;
    end if;
  end if;
  select * into c from sync.connection where id = connection_id and provider = 'foursquare' for no key update;
  outcome := case when c.id is null then 'gone' when not c.is_active then 'inactive'
    when c.access_token_encrypted is null then 'no token' else 'ok' end;
  if c.id is null then return; end if;
  if i.id is null then
    insert into sync.import_job (connection_id, job_id, trigger, created_at) values (c.id, p_job, 'manual', v_now)
      returning * into i;
  end if;
  update sync.import_job set status = 'running', started_at = coalesce(started_at, v_now), completed_at = null,
      error = null, attempts = greatest(attempts, p_attempt)
    where id = i.id;
  update sync.connection set sync_status = 'syncing' where id = c.id;
  import_id := i.id;
  access_token_encrypted := c.access_token_encrypted;
  is_expired := coalesce(c.expires_at <= v_now, false);
  walk_before := (c.state #>> '{walk,before}')::bigint;
  resumed := c.state ? 'walk';
end $f$;
