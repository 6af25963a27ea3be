-- SPDX-License-Identifier: MIT
-- When somebody has to look again for a reason other than a job: in a second while another's leases exist, at
-- the end of an attempt's time, at a schedule's due time.
create or replace function /*schema*/next_chore(p_self bigint, p_now timestamptz) returns timestamptz
language plpgsql stable
set jit = off
as $f$
declare
  v_wake timestamptz := 'infinity';
begin
  if exists (select from /*schema*/job_lease where worker is distinct from p_self and worker is not null) then
    v_wake := p_now + interval '1 s';
  end if;
  if exists (select from /*schema*/job_lease where worker = p_self) then
    v_wake := least(v_wake, p_now + interval '10 s');
  end if;
  return least(v_wake,
    greatest((select pg_catalog.min(expire_on) from /*schema*/job_lease), p_now + interval '50 ms'),
    greatest((select pg_catalog.min(next_on) from /*schema*/schedule where removed_on is null), p_now + interval '50 ms'));
end $f$;
