-- SPDX-License-Identifier: MIT
-- One page of check-ins: stores its rows and the walk's place, in the caller's transaction.
--   p_before   the beforeTimestamp that was asked for, NULL for the first page
--   p_limit    the number of check-ins that was asked for
--   p_lookback how far behind the cursor a walk goes: it ends at an empty page, or one that lies beyond whole
-- outcome: more: ask for next_before; end: the walk has ended and the cursor has moved; moved: this page
-- was stored already, by a commit whose answer was lost, go on with next_before; lost: another worker owns
-- the job, roll back; inactive, reconnected: nothing was stored, see sync.interruption.
--
-- The next page begins one second above the oldest check-in seen, because several can share a second and
-- nobody says whether the bound belongs to the page. What is seen twice is not rewritten. When a page does
-- not lower the bound, all of it lies in one second: if it was full there may be more of that second which
-- cannot be asked for, an error; else the bound goes down by one second.
create or replace function sync.foursquare_page(p_job bigint, p_lease bigint, p_connection bigint, p_before bigint,
  p_limit int, p_lookback interval, p_body jsonb,
  out outcome text, out next_before bigint, out items int, out changed int, out records bigint)
language plpgsql
set search_path = pg_catalog, pg_temp set jit = off
as $f$
declare
  v_state jsonb;
  v_items jsonb := p_body #> '{response,checkins,items}';
  v_cursor bigint;
  v_oldest bigint;
  v_newest bigint;
  v_seen bigint;
begin
  if /*schema*/touch(p_job, p_lease) <> 'ok' then
    outcome := 'lost';
    return;
  end if;
  perform from sync.import_job where job_id = p_job for update; -- before the connection, as import_ended
  select c.state into v_state from sync.connection c where c.id = p_connection for no key update;
  outcome := sync.interruption(p_connection);
  if outcome is not null then return; end if;
  next_before := (v_state #>> '{walk,before}')::bigint;
  if next_before is distinct from p_before then
    outcome := 'moved';
    return;
  end if;
  if jsonb_typeof(v_items) is distinct from 'array' then
    raise exception 'the answer has no list at response.checkins.items' using errcode = 'SY001';
  end if;
  select s.n, s.oldest, s.newest into items, v_oldest, v_newest from sync.foursquare_span(v_items) s;
  if v_newest > p_before then
    raise exception 'the server does not honour beforeTimestamp: asked for % it answered with %', p_before, v_newest
      using errcode = 'SY002';
  end if;
  if v_oldest + 1 >= p_before and items >= p_limit then
    raise exception 'a full page does not lower the walk''s place: % check-ins in the second %', items, v_oldest
      using errcode = 'SY002';
  end if;
  perform sync.foursquare_store_venues(v_items);
  changed := sync.foursquare_store_checkins(p_connection, v_items);

  v_cursor := (v_state ->> 'cursor')::bigint;
  v_seen := greatest((v_state #>> '{walk,newest}')::bigint, v_newest);
  if items = 0 or v_newest < v_cursor - extract(epoch from p_lookback) then
    outcome := 'end';
    next_before := null;
    -- a date in the future must not end all later walks at their first page
    if v_seen is not null then
      v_cursor := greatest(v_cursor, least(v_seen, floor(extract(epoch from /*schema*/clock()))::bigint));
    end if;
    v_state := v_state - 'walk' || case when v_cursor is null then '{}' else jsonb_build_object('cursor', v_cursor) end;
  else
    outcome := 'more';
    next_before := case when v_oldest + 1 < p_before or p_before is null then v_oldest + 1 else p_before - 1 end;
    v_state := v_state || jsonb_build_object('walk', jsonb_build_object('newest', v_seen, 'before', next_before));
  end if;
  update sync.connection c set state = v_state where c.id = p_connection;
  update sync.import_job i set records = i.records + foursquare_page.changed where i.job_id = p_job
    returning i.records into records;
end $f$;
