-- SPDX-License-Identifier: MIT
-- Inserts the venues of a page's check-ins, updates those that changed. A venue is kept as its newest check-in
-- shows it: walks go back in time, and venues are shared by all connections, which may see them differently.
-- One that looks the same to a newer check-in is written for its time, so that no check-in between brings an older
-- look back. They are locked in the order of their ids.
create or replace function sync.foursquare_store_venues(p_items jsonb) returns int
language plpgsql
set search_path = pg_catalog, pg_temp set jit = off
as $f$
declare
  v_count int;
begin
  insert into sync.foursquare_venue as t (id, seen_at, name, lat, lng, country_code, city, category, raw)
    select distinct on (v ->> 'id') v ->> 'id', to_timestamp(floor(at)::double precision), v ->> 'name',
      case when jsonb_typeof(v #> '{location,lat}') = 'number' then (v #>> '{location,lat}')::double precision end,
      case when jsonb_typeof(v #> '{location,lng}') = 'number' then (v #>> '{location,lng}')::double precision end,
      v #>> '{location,cc}', v #>> '{location,city}', v #>> '{categories,0,name}', v
    from (select item -> 'venue' as v, (item ->> 'createdAt')::numeric as at from jsonb_array_elements(p_items) item) s
    where jsonb_typeof(v -> 'id') = 'string' and v ->> 'id' <> ''
    order by v ->> 'id', at desc
    on conflict (id) do update
      set seen_at = excluded.seen_at, name = excluded.name, lat = excluded.lat, lng = excluded.lng, country_code = excluded.country_code,
        city = excluded.city, category = excluded.category, raw = excluded.raw
      where excluded.seen_at > t.seen_at or (excluded.seen_at = t.seen_at and t.raw is distinct from excluded.raw);
  get diagnostics v_count = row_count;
  return v_count;
end $f$;
