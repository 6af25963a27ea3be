-- SPDX-License-Identifier: MIT
-- A queue row with options laid over it; writes nothing. An option that is null returns to its default.
create or replace function /*schema*/apply_queue_options(q /*schema*/queue, p_options jsonb)
returns /*schema*/queue language plpgsql stable
set search_path = pg_catalog, pg_temp
as $f$
declare
  o constant jsonb := coalesce(p_options, '{}');
begin
  perform /*schema*/check_options(o, 'queue');
  if o ? 'retry_limit' then q.retry_limit := coalesce(/*schema*/option_int(o, 'retry_limit', 0, 32000), 3); end if;
  if o ? 'retry_delay' then q.retry_ms := coalesce(/*schema*/option_ms(o, 'retry_delay'), 60000); end if;
  if o ? 'retry_delay_max' then q.retry_max_ms := /*schema*/option_ms(o, 'retry_delay_max'); end if;
  if o ? 'retry_backoff' then q.backoff := coalesce(/*schema*/option_bool(o, 'retry_backoff'), true); end if;
  if o ? 'expire_in' then q.expire_ms := coalesce(/*schema*/option_ms(o, 'expire_in'), 900000); end if;
  if o ? 'keep_queued' then q.keep_queued_s := coalesce(/*schema*/option_ms(o, 'keep_queued') / 1000, 1209600); end if;
  if o ? 'keep_finished' then q.keep_finished := coalesce(/*schema*/option_int(o, 'keep_finished', 0, 30), 1); end if;
  if o ? 'dead_letter' then q.dead_letter := /*schema*/option_text(o, 'dead_letter'); end if;
  if o ? 'policy' and coalesce(o ->> 'policy', 'standard') <> 'standard' then
    raise exception 'option "policy": "%" is not built yet (known: standard)', o ->> 'policy' using errcode = '0A000';
  end if;
  if q.expire_ms <= 0 or q.keep_queued_s <= 0 then
    raise exception 'options "expire_in" and "keep_queued" must be more than 0' using errcode = '22023';
  end if;
  if q.dead_letter = q.name then
    raise exception 'option "dead_letter": queue "%" cannot be its own dead letter queue', q.name using errcode = '22023';
  end if;
  if q.dead_letter is not null then perform /*schema*/get_queue(q.dead_letter); end if;
  return q;
end $f$;
