-- SPDX-License-Identifier: MIT
-- How many check-ins a page holds, and the seconds of its oldest and its newest. An error if one has no id
-- or no time.
create or replace function sync.foursquare_span(p_items jsonb, out n int, out oldest bigint, out newest bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  v_bad bigint;
begin
  select min(o) into v_bad from jsonb_array_elements(p_items) with ordinality u(item, o)
    where jsonb_typeof(item) is distinct from 'object'
      or jsonb_typeof(item -> 'id') is distinct from 'string' or item ->> 'id' = ''
      or jsonb_typeof(item -> 'createdAt') is distinct from 'number';
  if v_bad is not null then
    raise exception 'check-in % of the page has no id or no createdAt', v_bad using errcode = 'SY003';
  end if;
  select count(*), min(t), max(t) into n, oldest, newest
    from (select floor((item ->> 'createdAt')::numeric)::bigint as t from jsonb_array_elements(p_items) item) s;
end $f$;
