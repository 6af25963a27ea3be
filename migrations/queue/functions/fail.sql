-- SPDX-License-Identifier: MIT
-- Fails an attempt, or many: ok or lost. The job is retried while retries are left. Options: retry_in (seconds
-- or an interval; else by the job's backoff), for_good (true: no retry).
create or replace function /*schema*/fail(p_ids bigint[], p_leases bigint[], p_errors text[] default null,
  p_options jsonb default '{}') returns text[] language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  bad text;
begin
  select k into bad from jsonb_object_keys(coalesce(p_options, '{}')) k where k not in ('retry_in', 'for_good') limit 1;
  if bad is not null then
    raise exception 'unknown option "%" (known: retry_in, for_good)', bad using errcode = '22023';
  end if;
  return /*schema*/ok_lost(/*schema*/settle(p_ids, p_leases,
    array_fill(case when /*schema*/option_bool(p_options, 'for_good') then 'fail' else 'retry' end, array[cardinality(p_ids)]),
    array(select jsonb_build_object('message', e)::text from unnest(coalesce(p_errors,
      array_fill('failed'::text, array[cardinality(p_ids)]))) with ordinality u(e, o) order by o),
    array_fill((/*schema*/option_ms(p_options, 'retry_in') / 1000.0)::float8, array[cardinality(p_ids)])));
end $f$;
create or replace function /*schema*/fail(p_id bigint, p_lease bigint, p_error text default null, p_options jsonb default '{}')
returns text language sql
set search_path = pg_catalog, pg_temp
as $f$
  select (/*schema*/fail(array[p_id], array[p_lease], array[coalesce(p_error, 'failed')], p_options))[1]
$f$;
