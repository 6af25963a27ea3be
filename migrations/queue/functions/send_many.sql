-- SPDX-License-Identifier: MIT
-- Enqueues many jobs, each {"data": ..., any send option}; all or none. Their ids in the order given, NULL
-- where a policy refused one. Jobs with equal options go in one statement.
create or replace function /*schema*/send_many(queue text, jobs jsonb[]) returns setof bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_queue alias for $1;
  p_jobs alias for $2;
  g record;
  v_ids bigint[];
  v_all bigint[] := array_fill(null::bigint, array[coalesce(cardinality(p_jobs), 0)]);
begin
  perform /*schema*/get_queue(p_queue);
  for g in
    select ord from unnest(p_jobs) with ordinality j(job, ord)
    where jsonb_typeof(job) is distinct from 'object' limit 1
  loop
    raise exception 'job % of send_many must be an object like {"data": ..., "priority": 1}', g.ord using errcode = '22023';
  end loop;
  for g in
    select job - 'data' as options, array_agg(job -> 'data' order by ord) as data, array_agg(ord order by ord) as ords
    from unnest(p_jobs) with ordinality j(job, ord) group by 1 order by min(ord)
  loop
    v_ids := /*schema*/enqueue(p_queue, g.data, g.options);
    if cardinality(g.ords) = cardinality(p_jobs) then
      v_all := v_ids;
    else
      for i in 1 .. cardinality(g.ords) loop
        v_all[g.ords[i]] := v_ids[i];
      end loop;
    end if;
  end loop;
  return query select unnest(v_all);
end $f$;
