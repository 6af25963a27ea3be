-- SPDX-License-Identifier: MIT
-- Reads one value of a cron field, a number or a name; null if it is neither or out of range.
-- No search_path of its own: its callers fix it.
create or replace function /*schema*/cron_value(value text, low int, high int, words text[]) returns int
language plpgsql immutable parallel safe as $$
begin
  if value ~ '^[0-9]{1,4}$' then
    return case when value::int between low and high then value::int end;
  end if;
  return array_position(words, lower(value)) - 1 + low;
end
$$;
