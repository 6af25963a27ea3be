-- SPDX-License-Identifier: MIT
-- Registers a worker and takes the session lock that proves that its connection lives. After a reconnect a
-- worker names its old id and takes its leases along (those that nobody has freed). It beats by poll().
--   held  leases that the worker knows of; jobs of others, whose claim was answered into a connection that
--           broke, go back to the queue uncharged. NULL: it knows all.
--   client  the process id that the client was given for its session. If it is another than this session's, a pooler
--           stands between: the session is not the worker's, its lock would prove nothing, and beats have to do.
drop function if exists /*schema*/register_worker(text, bigint, bigint[]);
create or replace function /*schema*/register_worker(name text default null, before bigint default null,
  held bigint[] default null, client bigint default null)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_name alias for $1;
  p_before alias for $2;
  p_held alias for $3;
  v_pooled constant boolean := coalesce($4 <> pg_backend_pid(), false);
  v_id constant bigint := /*schema*/new_lease();
  v_now constant timestamptz := /*schema*/clock();
begin
  if not v_pooled then
    perform pg_advisory_lock(v_id);
  end if;
  insert into /*schema*/job_worker (id, started_on, beat_on, suspect_on, name)
    values (v_id, v_now, v_now, case when v_pooled then 'infinity'::timestamptz end, coalesce(p_name, 'pid ' || pg_backend_pid()));
  if p_before is not null then
    perform /*schema*/lock_leases(array(select lease from /*schema*/job_lease where worker = p_before));
    update /*schema*/job_lease set worker = v_id where worker = p_before and (p_held is null or lease = any (p_held));
    perform /*schema*/end_leases(p_before, '{}', '{}', 'the answer to the claim was lost');
    delete from /*schema*/job_bell where worker = p_before;
    delete from /*schema*/job_worker where id = p_before;
  end if;
  return v_id;
end $f$;
