-- SPDX-License-Identifier: MIT
-- Empties the partitions of finished jobs whose day has come. It waits 100 ms at most for a lock: a partition
-- that somebody reads is emptied at a later sweep. Answers how many partitions were emptied.
create or replace function /*schema*/purge_finished() returns int
language plpgsql
set search_path = pg_catalog, pg_temp set lock_timeout = '100ms' set enable_seqscan = on set synchronize_seqscans = off
as $f$
declare
  v_today constant date := (/*schema*/clock() at time zone 'UTC')::date;
  v_old boolean;
  v_new boolean;
  v_count int := 0;
begin
  for n in 0 .. 31 loop
    -- A partition holds one day; only when nothing was purged for weeks two, and then the old one lies first. So one row
    -- tells: to look for old rows in all read the whole history at each sweep.
    execute format('select f.purge_on <= $1 from /*schema*/job_finished_%s f limit 1', n) into v_old using v_today;
    continue when v_old is not true;
    begin
      execute format('select exists (select from /*schema*/job_finished_%s where purge_on > $1)', n) into v_new using v_today;
      if v_new then
        execute format('delete from /*schema*/job_finished_%s where purge_on <= $1', n) using v_today;
      else
        execute format('truncate /*schema*/job_finished_%s', n);
      end if;
      v_count := v_count + 1;
    exception when lock_not_available then
      null; -- a reader is there: the next sweep tries again, the view does not show these rows any more
    end;
  end loop;
  delete from /*schema*/queue_count where purge_on <= v_today and purge_on > '-infinity';
  return v_count;
end $f$;
