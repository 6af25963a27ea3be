-- SPDX-License-Identifier: MIT
-- Enqueues copies of failed jobs: [{"to": queue, "data": ..., "origin": {...}}]. A dead letter queue that is
-- gone loses nothing: the failed job itself stays in job_finished. An error whose text is over the limit of payloads
-- is told of only, so that the settle does not fail by it.
create or replace function /*schema*/post_dead_letters(p_letters jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
declare
  g record;
begin
  for g in
    select l ->> 'to' as queue, array_agg(l -> 'data' order by ord) as data, array_agg(case
        when /*schema*/payload_size(l -> 'origin') <= 16 * 1024 * 1024 then l -> 'origin'
        else jsonb_set(l -> 'origin', '{error}', '{"message": "the error is over the limit of a payload"}') end order by ord) as origin
    from jsonb_array_elements(p_letters) with ordinality t(l, ord) group by 1 order by 1
  loop
    if exists (select from /*schema*/queue where name = g.queue) then
      perform /*schema*/enqueue(g.queue, g.data, '{}', null, g.origin);
    else
      raise warning 'dead letter queue "%" does not exist', g.queue;
    end if;
  end loop;
end $f$;
