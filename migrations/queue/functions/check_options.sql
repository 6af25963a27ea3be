-- SPDX-License-Identifier: MIT
-- Refuses options that do not exist or are not built yet, by name. p_kind: 'send' or 'queue'.
create or replace function /*schema*/check_options(p_options jsonb, p_kind text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $f$
declare
  known constant text[] := case p_kind
    when 'send' then array['priority', 'start_after', 'retry_limit', 'retry_delay', 'retry_backoff',
      'retry_delay_max', 'expire_in', 'keep_queued', 'singleton_key', 'group_id', 'dead_letter']
    else array['retry_limit', 'retry_delay', 'retry_backoff', 'retry_delay_max', 'expire_in',
      'keep_queued', 'keep_finished', 'dead_letter', 'policy'] end;
  planned constant text[] := array['singleton_seconds', 'debounce', 'depends_on', 'limits'];
  bad text;
begin
  if p_options is null or p_options = '{}' then return; end if;
  if jsonb_typeof(p_options) <> 'object' then
    raise exception 'options must be a JSON object, not %', jsonb_typeof(p_options) using errcode = '22023';
  end if;
  select k into bad from jsonb_object_keys(p_options) k where k <> all (known) order by k limit 1;
  if bad is null then return; end if;
  if bad = any (planned) then
    raise exception 'option "%" is not built yet', bad using errcode = '0A000';
  end if;
  raise exception 'unknown option "%" (known: %)', bad, array_to_string(known, ', ') using errcode = '22023';
end $f$;
