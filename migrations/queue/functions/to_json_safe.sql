-- SPDX-License-Identifier: MIT
-- Any text as jsonb: itself if it is JSON that jsonb can hold, else a JSON string. What a handler says must
-- never make a settle fail.
create or replace function /*schema*/to_json_safe(p_text text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $f$
begin
  return p_text::jsonb;
exception when others then
  return to_jsonb(p_text);
end $f$;
