-- SPDX-License-Identifier: MIT
-- The option start_after: seconds from now as a number, an interval as text, or a point in time as text.
-- NULL if it is not given. A time that has passed means now: nothing is put behind a claim position.
create or replace function /*schema*/option_start(p_options jsonb, p_now timestamptz) returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $f$
declare
  value constant jsonb := p_options -> 'start_after';
  word constant text := value #>> '{}';
  span interval;
  at timestamptz;
begin
  if word is null then return null; end if;
  if jsonb_typeof(value) = 'number' then
    if word::numeric > 6e12 then -- as far as a timestamptz goes; more overflows in make_interval() without a word, before 17
      raise exception 'option "start_after" is too far away: %', left(word, 30) using errcode = '22023';
    end if;
    span := make_interval(secs => word::float8);
  elsif jsonb_typeof(value) = 'string' then
    begin
      span := word::interval;
    exception when others then
      begin
        at := word::timestamptz;
      exception when others then null;
      end;
    end;
  end if;
  if at is null and span is null or not isfinite(coalesce(at, p_now)) then
    raise exception 'option "start_after" must be a number of seconds, an interval or a time, it is %', word
      using errcode = '22023';
  end if;
  if span < interval '0' then
    raise exception 'option "start_after" must not be negative, it is %', word using errcode = '22023';
  end if;
  at := coalesce(at, p_now + span);
  if not isfinite(at) then -- since 17 an interval may be infinite
    raise exception 'option "start_after" must be finite, it is %', word using errcode = '22023';
  end if;
  return at;
end $f$;
