-- SPDX-License-Identifier: MIT
-- Moves the count differences of finished transactions into queue_count. Transactions at or above the oldest
-- one still writing stay; a session that only reads has no transaction number and holds nothing back.
create or replace function /*schema*/fold_counts() returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  v_from xid8 := (select folded from /*schema*/maintenance);
  v_upto constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
  v_rows bigint;
begin
  if v_from > pg_snapshot_xmax(pg_current_snapshot()) then
    v_from := '0'; -- restored from a dump: this server has not counted so far yet
  end if;
  if v_upto <= v_from then return 0; end if;
  with d as (
    -- From where the last fold ended: the index holds the dead entries of all before it while a snapshot is open.
    delete from /*schema*/queue_delta where xid >= v_from and xid < v_upto returning *
  ), s as (
    select queue, purge_on, sum(created) as created, sum(retry) as retry, sum(active) as active,
      sum(completed) as completed, sum(failed) as failed, sum(cancelled) as cancelled, count(*) as n
    from d group by 1, 2
  ), i as (
    insert into /*schema*/queue_count as c (queue, purge_on, created, retry, active, completed, failed, cancelled)
    select queue, purge_on, created, retry, active, completed, failed, cancelled from s order by queue, purge_on
    on conflict (queue, purge_on) do update set created = c.created + excluded.created, retry = c.retry + excluded.retry,
      active = c.active + excluded.active, completed = c.completed + excluded.completed, failed = c.failed + excluded.failed,
      cancelled = c.cancelled + excluded.cancelled
  )
  select sum(n) into v_rows from s;
  update /*schema*/maintenance set folded = v_upto;
  return coalesce(v_rows, 0);
end $f$;
