-- SPDX-License-Identifier: MIT
-- Calls maintain() when there may be something to do: foreign leases (looked at each second at most), attempts
-- over their time, due schedules, or half a minute without any.
create or replace function /*schema*/maintain_if_due(p_self bigint, p_now timestamptz) returns void
language plpgsql
set enable_seqscan = on set jit = off
as $f$
declare
  v_look timestamptz;
  v_foreign boolean;
  v_over boolean;
begin
  select look_on into v_look from /*schema*/maintenance;
  -- Once over the leases: with a snapshot held open all that ever were are still there.
  select coalesce(pg_catalog.bool_or(worker is distinct from p_self and worker is not null), false),
      coalesce(pg_catalog.bool_or(expire_on <= p_now
        and (expire_on > v_look or v_look < p_now - interval '900 ms')), false) -- one that cannot be ended is tried each second
    into v_foreign, v_over
    from /*schema*/job_lease;
  if v_look > p_now - interval '29 s' and v_look <= p_now and not v_over
    and not exists (select from /*schema*/schedule where removed_on is null and next_on <= p_now
      and (last_error is null or v_look < p_now - interval '900 ms')) -- one that fails is tried each second
    and (v_look > p_now - case when exists (select from /*schema*/job_worker where suspect_on < 'infinity')
        then interval '250 ms' else interval '900 ms' end
      or not v_foreign)
  then return; end if;
  perform /*schema*/maintain(p_self);
end $f$;
