-- SPDX-License-Identifier: MIT
-- Inserts the check-ins of a page, updates those that changed; answers how many. A row that is the same is
-- not written: every column comes from raw.
create or replace function sync.foursquare_store_checkins(p_connection bigint, p_items jsonb) returns int
language plpgsql
set search_path = pg_catalog, pg_temp set jit = off
as $f$
declare
  v_count int;
begin
  insert into sync.foursquare_checkin as t (connection_id, id, created_at, tz_offset_min, tz_name, shout, is_private,
      venue_id, raw)
    select distinct on (c ->> 'id') p_connection, c ->> 'id',
      to_timestamp(floor((c ->> 'createdAt')::numeric)::double precision),
      case when jsonb_typeof(c -> 'timeZoneOffset') = 'number' then (c ->> 'timeZoneOffset')::numeric::int end,
      c ->> 'timeZone', c ->> 'shout',
      c -> 'private' is not distinct from 'true' or c ->> 'visibility' is not distinct from 'private',
      case when jsonb_typeof(c #> '{venue,id}') = 'string' then nullif(c #>> '{venue,id}', '') end, c
    from jsonb_array_elements(p_items) with ordinality u(c, o)
    order by c ->> 'id', o desc
    on conflict (connection_id, id) do update
      set created_at = excluded.created_at, tz_offset_min = excluded.tz_offset_min, tz_name = excluded.tz_name,
        shout = excluded.shout, is_private = excluded.is_private, venue_id = excluded.venue_id, raw = excluded.raw
      where t.raw is distinct from excluded.raw;
  get diagnostics v_count = row_count;
  return v_count;
end $f$;
