-- SPDX-License-Identifier: MIT
-- Deletes a queue with its schedules and all its jobs, live and finished. A worker that runs one of them
-- gets "lost" for an answer. The end hook, if any, is told that the live ones are cancelled.
create or replace function /*schema*/delete_queue(name text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_name alias for $1;
  q constant /*schema*/queue := /*schema*/get_queue(p_name);
  v_ids bigint[];
begin
  -- Leases first, as a settle does: the other way round the two would wait for each other.
  perform from /*schema*/job_lease where queue = p_name order by lease for update;
  delete from /*schema*/queue where name = p_name;
  -- The counts before the jobs: what a send under way adds is counted, too, and prune() finds it by that.
  delete from /*schema*/queue_delta where queue = p_name;
  delete from /*schema*/queue_count where queue = p_name;
  if q.end_hook is not null then
    v_ids := array(select id from /*schema*/job_live where queue = p_name);
    execute format('select %s($1, $2, $3)', q.end_hook)
      using v_ids, 'cancelled', array_fill(null::jsonb, array[cardinality(v_ids)]);
  end if;
  -- In the order of a cancel, which holds the job when it takes it out of the ready table. Jobs sent between the two
  -- statements have lost their ready row: once more, except those that somebody holds.
  delete from /*schema*/job_live where queue = p_name;
  delete from /*schema*/job_ready where queue = p_name;
  delete from /*schema*/job_live where queue = p_name and id = any (array(
    select id from /*schema*/job_live where queue = p_name for update skip locked));
  -- A settle of a batch that was claimed meanwhile holds its lease and waits for the jobs. prune() takes that one.
  delete from /*schema*/job_lease where queue = p_name and lease = any (array(
    select lease from /*schema*/job_lease where queue = p_name for update skip locked));
  delete from /*schema*/job_finished where queue = p_name;
  delete from /*schema*/job_bell where queue = p_name;
  delete from /*schema*/fan_out_run where queue = p_name;
  return true;
end $f$;
