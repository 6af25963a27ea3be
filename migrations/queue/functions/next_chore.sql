-- SPDX-License-Identifier: MIT
-- When somebody has to look again for a reason other than a job: a second after the last look while another's
-- leases exist (when that other seems dead, as soon as rescue_dead() may believe it), or while it has leases of its
-- own and so may not be told of another's; at the end of an attempt's time, at a schedule's due time (in a second if
-- that fails).
create or replace function /*schema*/next_chore(p_self bigint, p_now timestamptz) returns timestamptz
language plpgsql stable
set enable_seqscan = on set jit = off
as $f$
declare
  v_look constant timestamptz := (select look_on from /*schema*/maintenance);
  v_wake timestamptz := 'infinity';
  v_foreign boolean;
  v_own boolean;
  v_expire timestamptz;
begin
  select pg_catalog.bool_or(worker is distinct from p_self and worker is not null), pg_catalog.bool_or(worker = p_self),
      greatest(pg_catalog.min(case when expire_on > v_look then expire_on else least(v_look, p_now) + interval '920 ms' end),
        p_now + interval '50 ms') into v_foreign, v_own, v_expire
    from /*schema*/job_lease having pg_catalog.count(*) > 0;
  if v_foreign then
    -- From the last look, not from now: a poll between two looks would put off the next one. The times are those
    -- that maintain_if_due() keeps between two looks; who is not the one that looks comes back soon to see.
    v_wake := least(p_now + interval '1 s', greatest(v_look + interval '920 ms', p_now + interval '200 ms'), (
      select greatest(pg_catalog.min(w.suspect_on) + interval '1205 ms', v_look + interval '255 ms', p_now + interval '50 ms')
      from /*schema*/job_worker w
      where w.suspect_on < 'infinity' and exists (select from /*schema*/job_lease l where l.worker = w.id)
      having pg_catalog.count(*) > 0));
  end if;
  if v_own then
    v_wake := least(v_wake, p_now + case when exists (select from /*schema*/job_worker w where w.id <> p_self)
      then interval '1 s' else interval '10 s' end);
  end if;
  -- Without a lease or a schedule there is no row: greatest() would take no notice of a null.
  return least(v_wake, v_expire,
    (select pg_catalog.min(greatest(next_on, p_now + case when last_error is null then interval '50 ms' else interval '1 s' end))
      from /*schema*/schedule where removed_on is null));
end $f$;
