-- SPDX-License-Identifier: MIT
-- Fails an attempt, or many: ok or lost. The job is retried while retries are left. Options: retry_in (seconds
-- or an interval; else by the job's backoff), for_good (true: no retry).
create or replace function /*schema*/fail(ids bigint[], leases bigint[], errors text[] default null,
  options jsonb default '{}') returns text[] language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_ids alias for $1;
  p_leases alias for $2;
  p_errors alias for $3;
  p_options alias for $4;
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
create or replace function /*schema*/fail(id bigint, lease bigint, error text default null, options jsonb default '{}')
returns text language sql
set search_path = pg_catalog, pg_temp
as $f$
  select (/*schema*/fail(array[$1], array[$2], array[coalesce($3, 'failed')], $4))[1]
$f$;
