-- SPDX-License-Identifier: MIT
-- When somebody has to look again for a reason other than a job: in a second while another's leases exist (at
-- once more, soon, when that other seems dead), at
-- the end of an attempt's time, at a schedule's due time (in a second if it fails).
create or replace function /*schema*/next_chore(p_self bigint, p_now timestamptz) returns timestamptz
language plpgsql stable
set jit = off
as $f$
declare
  v_wake timestamptz := 'infinity';
begin
  if exists (select from /*schema*/job_lease where worker is distinct from p_self and worker is not null) then
    v_wake := p_now + case when exists (select from /*schema*/job_worker where suspect_on is not null)
      then interval '300 ms' else interval '1 s' end;
  end if;
  if exists (select from /*schema*/job_lease where worker = p_self) then
    v_wake := least(v_wake, p_now + interval '10 s');
  end if;
  -- Without a lease or a schedule there is no row: greatest() would take no notice of a null.
  return least(v_wake,
    (select greatest(pg_catalog.min(expire_on), p_now + interval '50 ms') from /*schema*/job_lease having pg_catalog.count(*) > 0),
    (select pg_catalog.min(greatest(next_on, p_now + case when last_error is null then interval '50 ms' else interval '1 s' end))
      from /*schema*/schedule where removed_on is null));
end $f$;
