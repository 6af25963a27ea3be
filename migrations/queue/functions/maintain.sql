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
  m /*schema*/maintenance;
begin
  select * into m from /*schema*/maintenance for update skip locked;
  if not found then return false; end if;
  update /*schema*/maintenance set look_on = v_now,
    sweep_on = case when m.sweep_on > v_now - interval '30 s' and m.sweep_on <= v_now then m.sweep_on else v_now end;
  perform /*schema*/rescue_dead(p_self);
  perform /*schema*/expire_attempts();
  perform /*schema*/fire_schedules();
  perform /*schema*/fold_counts();
  if m.sweep_on > v_now - interval '30 s' and m.sweep_on <= v_now then return true; end if;
  perform /*schema*/sweep_queued();
  perform /*schema*/prune();
  perform /*schema*/purge_finished();
  return true;
end $f$;
