-- SPDX-License-Identifier: MIT
-- Reads one field of a cron expression into a bitmap (bit v = value v matches); it does not know the
-- other fields.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/cron_field(
  expr text,      -- the whole expression, for messages only
  name text,      -- 'minute', 'hour', ...
  field text,     -- the field's text, without white space
  low int, high int,
  words text[]    -- names of the values low, low + 1, ...; null if the field knows no names
) returns bigint
language plpgsql immutable parallel safe as $$
declare
  item text;
  parts text[];     -- first, last, step, as written
  first int;
  last int;
  step int;
  bits bigint := 0;
  allowed text := format('a number from %s to %s', low, high)
    || coalesce(' or a name (' || words[1] || ' to ' || words[array_length(words, 1)] || ')', '');
  problem text;
begin
  foreach item in array string_to_array(field, ',') loop
    -- The two forms that nearly all fields have, without the price of the general one.
    if item = '*' then
      bits := bits | ((1::bigint << (high + 1)) - (1::bigint << low));
      continue;
    end if;
    problem := null;
    parts := regexp_match(item, '^(?:\*|(\w+)(?:-(\w+))?)(?:/(\w+))?$');
    if parts is null then
      problem := format('write *, %s, a range a-b, or a step */n or a-b/n, separated by commas', allowed);
    else
      first := case when parts[1] is null then low else /*schema*/cron_value(parts[1], low, high, words) end;
      last := case when parts[1] is null then high
                   when parts[2] is null then first
                   else /*schema*/cron_value(parts[2], low, high, words) end;
      -- As the end of a range Sunday is 7, so that fri-sun is what it says.
      if name = 'day of week' and last = 0 and first > 0 and parts[2] is not null then
        last := 7;
      end if;
      step := case when parts[3] is null then 1
                   when parts[3] ~ '^[0-9]{1,4}$' then parts[3]::int end;
      if first is null or last is null then
        problem := format('"%s" is not %s', case when first is null then parts[1] else parts[2] end, allowed);
      elsif first > last then
        problem := format('the range goes backwards: write %s-%s,%s-%s', parts[1], high, low, parts[2]);
      elsif parts[3] is not null and parts[1] is not null and parts[2] is null then
        problem := format('a step needs a range: write %s-%s/%s or */%s', parts[1], high, parts[3], parts[3]);
      elsif step is null or step < 1 or step > high then
        problem := format('the step "%s" is not a number from 1 to %s', parts[3], high);
      end if;
    end if;
    if problem is not null then
      raise exception 'cron expression "%": % "%": %', expr, name, item, problem
        using errcode = 'invalid_parameter_value';
    end if;
    while first <= last loop
      bits := bits | (1::bigint << first);
      first := first + step;
    end loop;
  end loop;
  return bits;
end
$$;
