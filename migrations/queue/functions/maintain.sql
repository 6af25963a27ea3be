-- SPDX-License-Identifier: MIT
-- Everything that must happen without a caller: dead workers, expired attempts, schedules; and, every 30 s,
-- purge, prune, fold. Any number may call it at once: one works, the others return. Answers whether this call
-- was the one.
create or replace function /*schema*/maintain(p_self bigint default null) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp set jit = off set lock_timeout = '100ms'
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_chores constant text[] := array['rescue_dead($1)', 'expire_attempts()', 'fire_schedules()', 'fold_counts()',
    'sweep_queued()', 'prune()', 'purge_finished()'];
  v_chore text;
  m /*schema*/maintenance;
begin
  select * into m from /*schema*/maintenance for update skip locked;
  if not found then return false; end if;
  update /*schema*/maintenance set look_on = v_now,
    sweep_on = case when m.sweep_on > v_now - interval '30 s' and m.sweep_on <= v_now then m.sweep_on else v_now end;
  foreach v_chore in array case when m.sweep_on > v_now - interval '30 s' and m.sweep_on <= v_now then v_chores[1:4]
      else v_chores end loop
    begin
      execute format('select /*schema*/%s', v_chore) using p_self;
    exception when others then -- one that fails does not stop the others
      raise warning 'maintenance: % failed: % (%)', v_chore, sqlerrm, sqlstate;
    end;
  end loop;
  return true;
end $f$;
