-- SPDX-License-Identifier: MIT
-- Fires the schedules that are due, at most max of them, and answers how many jobs it sent. Any number
-- of sessions may call it at once.
--
-- SKIP LOCKED: a schedule that another session is firing is that session's; its row, read again under
-- the lock, is not due any more. A schedule that fails (its queue refuses, its zone is gone from the
-- server) keeps its watermark and the error, is tried again at each call, and comes after the others, so
-- that max failing ones do not hold them up.
create or replace function /*schema*/fire_schedules(max int default 100) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  t constant timestamptz := /*schema*/clock();
  s /*schema*/schedule;
  fired int := 0;
  problem text;
begin
  for s in
    select x.* from /*schema*/schedule x
    where x.next_on <= t and x.removed_on is null
    order by x.last_error is not null, x.key
    limit max
    for update skip locked
  loop
    begin
      fired := fired + /*schema*/fire_schedule(s, t);
    exception when others then
      get stacked diagnostics problem = message_text;
      update /*schema*/schedule x set last_error = problem where x.key = s.key and x.last_error is distinct from problem;
    end;
  end loop;
  return fired;
end
$$;
