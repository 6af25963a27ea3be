-- SPDX-License-Identifier: MIT
-- Gives a job, or many, back to the queue for a while, the attempt not counted: ok or lost.
create or replace function /*schema*/snooze(ids bigint[], leases bigint[], delay interval) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_ids alias for $1;
  p_leases alias for $2;
  p_delay alias for $3;
begin
  if p_delay is null or p_delay < interval '0' then
    raise exception 'snooze: the delay must not be negative, it is %', p_delay using errcode = '22023';
  end if;
  return /*schema*/ok_lost(/*schema*/settle(p_ids, p_leases, array_fill('snooze'::text, array[cardinality(p_ids)]), null,
    array_fill(extract(epoch from p_delay)::float8, array[cardinality(p_ids)])));
end $f$;
create or replace function /*schema*/snooze(id bigint, lease bigint, delay interval) returns text
language sql
as $f$ select (/*schema*/snooze(array[$1], array[$2], $3))[1] $f$;
