-- SPDX-License-Identifier: MIT
-- Of ready rows, locked and in the order of their claim, those that one claim takes: all, or as many as bring their
-- payloads to 4 MiB, one at least. So a claim holds less than 4 MiB and one payload. Where the queue's largest payload is
-- small enough for the number of rows nothing is looked at; workers ask for so few large ones that it is. One by one,
-- because to see the size of one (payload_size) costs as much as to send it.
create or replace function /*schema*/fit_claim(q /*schema*/queue, p_rows tid[]) returns tid[]
language plpgsql stable
as $f$
declare
  most constant int := 4 * 1024 * 1024;
  v_sum bigint := 0;
  v_size int;
begin
  if q.payload_most = 0 or pg_catalog.cardinality(p_rows) * q.payload_most::bigint <= most then return p_rows; end if;
  for i in 1 .. pg_catalog.cardinality(p_rows) - 1 loop
    select /*schema*/payload_size(j.data) + coalesce(/*schema*/payload_size(j.origin), 0) into v_size
      from /*schema*/job_ready y join /*schema*/job_live j on j.id = y.id and j.queue = q.name
      where y.queue = q.name collate "C" and y.ctid = p_rows[i];
    v_sum := v_sum + coalesce(v_size, 0);
    if v_sum >= most then return p_rows[1:i]; end if;
  end loop;
  return p_rows;
end $f$;
