-- SPDX-License-Identifier: MIT
-- Gives a job, or many, back to the queue for a while, the attempt not counted: ok or lost.
create or replace function /*schema*/snooze(p_ids bigint[], p_leases bigint[], p_delay interval) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
begin
  if p_delay is null or p_delay < interval '0' then
    raise exception 'snooze: the delay must not be negative, it is %', p_delay using errcode = '22023';
  end if;
  return /*schema*/ok_lost(/*schema*/settle(p_ids, p_leases, array_fill('snooze'::text, array[cardinality(p_ids)]), null,
    array_fill(extract(epoch from p_delay)::float8, array[cardinality(p_ids)])));
end $f$;
create or replace function /*schema*/snooze(p_id bigint, p_lease bigint, p_delay interval) returns text
language sql
as $f$ select (/*schema*/snooze(array[p_id], array[p_lease], p_delay))[1] $f$;
