-- SPDX-License-Identifier: MIT
-- Enqueues one job per row of a query, spaced in time, once per run key. The first column of the query names
-- the item, the whole row is the payload. Run again with the same key (after a crash, or twice at once) it
-- creates only what is missing, after the last start. The query runs with the caller's rights.
create or replace function /*schema*/fan_out(run_key text, queue text, query text, spacing interval default '0',
  options jsonb default '{}', out created bigint, out skipped bigint, out last_start_after timestamptz)
language plpgsql security invoker
as $f$
#variable_conflict use_column
declare
  p_run_key alias for $1;
  p_queue alias for $2;
  p_query alias for $3;
  p_spacing alias for $4;
  p_options alias for $5;
  v_run /*schema*/fan_out_run;
  v_items text[];
  v_data jsonb[];
  v_base timestamptz;
  v_total bigint;
begin
  if p_run_key is null or p_run_key = '' then
    raise exception 'fan_out: the run key must not be empty' using errcode = '22023';
  end if;
  if p_spacing is null or p_spacing < interval '0' then
    raise exception 'fan_out: the spacing must not be negative, it is %', p_spacing using errcode = '22023';
  end if;
  if p_options operator(pg_catalog.?|) array['start_after', 'singleton_key'] then
    raise exception 'fan_out sets start_after and uniqueness itself: leave these options out' using errcode = '22023';
  end if;
  perform /*schema*/get_queue(p_queue);
  insert into /*schema*/fan_out_run (run_key, first_on, queue) values (p_run_key, /*schema*/clock(), p_queue) on conflict do nothing;
  select * into v_run from /*schema*/fan_out_run r where r.run_key = p_run_key for update;
  if v_run.queue <> p_queue then
    raise exception 'fan_out: run key "%" belongs to queue "%"', p_run_key, v_run.queue using errcode = '22023';
  end if;
  -- The alias renames the first column only; the row is taken before that, with its own names.
  execute pg_catalog.format('select pg_catalog.array_agg(t.item::text order by t.pgqueue_n),'
    ' pg_catalog.array_agg(t.pgqueue_row order by t.pgqueue_n) from (select o.*, pg_catalog.to_jsonb(o) as pgqueue_row,'
    ' pg_catalog.row_number() over () as pgqueue_n from (%s) o) t(item)', pg_catalog.rtrim(p_query, E'; \n\t')) into v_items, v_data;
  if pg_catalog.array_position(v_items, null) is not null then
    raise exception 'fan_out: the first column of the query is null in row %', pg_catalog.array_position(v_items, null)
      using errcode = '22023';
  end if;
  v_total := coalesce(pg_catalog.cardinality(v_items), 0);
  with i as (
    select distinct on (u.item) u.item, u.data, u.ord
    from rows from (pg_catalog.unnest(v_items), pg_catalog.unnest(v_data)) with ordinality u(item, data, ord)
    order by u.item, u.ord
  ), n as (
    insert into /*schema*/fan_out_item (run_key, item) select p_run_key, i.item from i on conflict do nothing returning item
  )
  select pg_catalog.array_agg(i.item order by i.ord), pg_catalog.array_agg(i.data order by i.ord) into v_items, v_data
    from i join n on n.item = i.item;
  created := coalesce(pg_catalog.cardinality(v_items), 0);
  skipped := v_total - created;
  last_start_after := v_run.last_start;
  if created = 0 then return; end if;
  v_base := coalesce(v_run.last_start + p_spacing, v_run.first_on);
  last_start_after := v_base + (created - 1) * p_spacing;
  perform /*schema*/enqueue(p_queue, v_data, p_options,
    array(select v_base + i * p_spacing from pg_catalog.generate_series(0, created - 1) i order by i),
    array(select pg_catalog.jsonb_build_object('run_key', p_run_key, 'item', i)
      from pg_catalog.unnest(v_items) with ordinality u(i, o) order by o));
  update /*schema*/fan_out_run r set last_start = fan_out.last_start_after where r.run_key = p_run_key;
end $f$;
