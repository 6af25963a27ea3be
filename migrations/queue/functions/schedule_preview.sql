-- SPDX-License-Identifier: MIT
-- Lists the next due times that a schedule of this expression and zone would have; it reads no table.
create or replace function /*schema*/schedule_preview(
  cron text, tz text default 'UTC', "from" timestamptz default null, n int default 5
) returns setof timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  zone text := /*schema*/cron_zone(tz);
  spec bigint[];
  due timestamptz := coalesce("from", /*schema*/clock());
begin
  if cron is null then
    raise exception 'cron expression is missing' using errcode = 'invalid_parameter_value';
  end if;
  if n is null or n not between 0 and 1000 then
    raise exception 'preview of % times: ask for 0 to 1000', coalesce(n::text, 'null') using errcode = 'invalid_parameter_value';
  end if;
  spec := /*schema*/cron_parse(cron);
  for i in 1 .. n loop
    due := /*schema*/cron_after(spec, zone, due);
    exit when due is null;
    return next due;
  end loop;
end
$$;
