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
  parts text[];     -- what stands before and behind a slash
  ends text[];      -- what stands before and behind a hyphen in the first of them
  first int;
  last int;
  step int;
  bits bigint := 0;
  allowed text := format('a number from %s to %s', low, high)
    || coalesce(' or a name (' || words[1] || ' to ' || words[array_length(words, 1)] || ')', '');
  problem text;
begin
  foreach item in array string_to_array(field, ',') loop
    problem := null;
    -- Not by a regular expression: its captures cost 40 microseconds an item, this 2.
    parts := string_to_array(item, '/');
    ends := string_to_array(parts[1], '-');
    if item = '' or cardinality(parts) > 2 or cardinality(ends) > 2 or '' = any (parts) or '' = any (ends) then
      problem := format('write *, %s, a range a-b, or a step */n or a-b/n, separated by commas', allowed);
    else
      if ends = '{*}' then
        first := low;
        last := high;
      else
        first := /*schema*/cron_value(ends[1], low, high, words);
        last := case when ends[2] is null then first else /*schema*/cron_value(ends[2], low, high, words) end;
        -- As the end of a range Sunday is 7, so that fri-sun is what it says.
        if name = 'day of week' and last = 0 and first > 0 then
          last := 7;
        end if;
      end if;
      step := case when parts[2] is null then 1 when parts[2] ~ '^[0-9]{1,4}$' then parts[2]::int end;
      if first is null or last is null then
        problem := format('"%s" is not %s', case when first is null then ends[1] else ends[2] end, allowed);
      elsif first > last then
        problem := format('the range goes backwards: write %s-%s,%s-%s', ends[1], high, low, ends[2]);
      elsif parts[2] is not null and ends <> '{*}' and ends[2] is null then
        problem := format('a step needs a range: write %s-%s/%s or */%s', ends[1], high, parts[2], parts[2]);
      elsif step is null or step < 1 or step > high then
        problem := format('the step "%s" is not a number from 1 to %s', parts[2], high);
      end if;
    end if;
    if problem is not null then
      raise exception 'cron expression "%": % "%": %', expr, name, item, problem
        using errcode = 'invalid_parameter_value';
    end if;
    if step = 1 then
      bits := bits | ((1::bigint << (last + 1)) - (1::bigint << first));
    else
      while first <= last loop
        bits := bits | (1::bigint << first);
        first := first + step;
      end loop;
    end if;
  end loop;
  return bits;
end
$$;
