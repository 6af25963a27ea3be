-- SPDX-License-Identifier: MIT
-- A job's columns with send options laid over the queue's; writes nothing.
create or replace function /*schema*/apply_send_options(j /*schema*/job_live, p_options jsonb)
returns /*schema*/job_live language plpgsql stable
set search_path = pg_catalog, pg_temp
as $f$
begin
  perform /*schema*/check_options(p_options, 'send');
  j.rank := coalesce(-/*schema*/option_int(p_options, 'priority', -1000000, 1000000), j.rank);
  j.retry_limit := coalesce(/*schema*/option_int(p_options, 'retry_limit', 0, 32000), j.retry_limit);
  j.retry_ms := coalesce(/*schema*/option_ms(p_options, 'retry_delay'), j.retry_ms);
  j.retry_max_ms := coalesce(/*schema*/option_ms(p_options, 'retry_delay_max'), j.retry_max_ms);
  j.backoff := coalesce(/*schema*/option_bool(p_options, 'retry_backoff'), j.backoff);
  j.expire_ms := coalesce(/*schema*/option_ms(p_options, 'expire_in'), j.expire_ms);
  j.keep_queued_s := coalesce(/*schema*/option_ms(p_options, 'keep_queued') / 1000, j.keep_queued_s);
  j.singleton_key := /*schema*/option_text(p_options, 'singleton_key');
  j.group_id := /*schema*/option_text(p_options, 'group_id');
  j.dead_letter := coalesce(/*schema*/option_text(p_options, 'dead_letter'), j.dead_letter);
  if p_options ? 'dead_letter' and j.dead_letter is not null then perform /*schema*/get_queue(j.dead_letter); end if;
  if j.expire_ms <= 0 or j.keep_queued_s <= 0 then
    raise exception 'options "expire_in" and "keep_queued" must be more than 0' using errcode = '22023';
  end if;
  return j;
end $f$;
