-- SPDX-License-Identifier: MIT
-- The row of a queue, or an error that says how to make it.
create or replace function /*schema*/get_queue(p_name text) returns /*schema*/queue
language plpgsql stable
as $f$
declare
  q /*schema*/queue;
begin
  select * into q from /*schema*/queue where name = p_name;
  if not found then
    raise exception 'queue "%" does not exist', p_name using errcode = 'PQ404',
      hint = pg_catalog.format('Create it: select create_queue(%L), or: pgqueue queue create %s', p_name, p_name);
  end if;
  return q;
end $f$;
