-- SPDX-License-Identifier: MIT
-- Lays a freshly migrated, empty queue out in partitions by hash(queue): what a distributed PostgreSQL does with
-- the same tables over several servers. scaling.md says what it is for. It is no part of the migrations: run it
-- once as the schema's owner, and its last part again after each `pgqueue migrate`.
begin;

-- The tables that go with their queue. The others are small or belong to no queue, and stay whole. job_finished
-- is partitioned already, by the day of its purge; it has no unique key that would have to be changed.
do $$
declare
  tables constant text[] := '{job_live,job_ready,job_lease,queue_delta,queue_count}';
  t text;
  again text[]; -- what depends on the tables' row types, to be made anew
  options text;
begin
  if exists (select from pgqueue.job_live) or exists (select from pgqueue.job_lease) or exists (select from pgqueue.queue_delta) then
    raise exception 'the queue is not empty';
  end if;
  again := array(
    select pg_get_functiondef(p.oid) from pg_proc p
      where exists (select from pg_type y where y.typrelid = any (array(select format('pgqueue.%I', x)::regclass from unnest(tables) x))
        and (y.oid = p.prorettype or y.oid = any (p.proargtypes)))
    union all (
    select format('create or replace view %I.%I as %s', n.nspname, c.relname, pg_get_viewdef(c.oid)) from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'v' and (n.nspname = 'sync' or n.oid = (select relnamespace from pg_class where oid = 'pgqueue.queue'::regclass))
      order by c.oid));
  create sequence pgqueue.job_live_seq; -- PostgreSQL before 17 has no identity columns in partitioned tables
  foreach t in array tables loop
    select array_to_string(reloptions, ', ') into options from pg_class where oid = format('pgqueue.%I', t)::regclass;
    execute format('alter table pgqueue.%I rename to whole', t);
    execute format('create table pgqueue.%I (like pgqueue.whole including defaults) partition by hash (queue)', t);
    drop table pgqueue.whole cascade;
    for n in 0..15 loop
      execute format('create table pgqueue.%I partition of pgqueue.%I for values with (modulus 16, remainder %s)', t || '_' || n, t, n);
      if options is not null then execute format('alter table pgqueue.%I set (%s)', t || '_' || n, options); end if;
    end loop;
  end loop;
  alter table pgqueue.job_live alter id set default nextval('pgqueue.job_live_seq');
  alter sequence pgqueue.job_live_seq owned by pgqueue.job_live.id;
  foreach t in array again loop
    execute t;
  end loop;
end $$;

-- A unique key has to hold the column that the rows are distributed by. It comes last, so that a look-up by id
-- alone is still one of an index.
alter table pgqueue.job_live add primary key (id, queue);
create unique index job_live_key on pgqueue.job_live (queue, singleton_key) where singleton_key is not null;
create index job_ready_claim on pgqueue.job_ready (queue, rank, start_after, id) with (deduplicate_items = off);
alter table pgqueue.job_lease add primary key (lease, queue);
create index queue_delta_xid on pgqueue.queue_delta (xid);
alter table pgqueue.queue_count add primary key (queue, purge_on);

-- From here on: again after each migrate, which brings its own form back.

-- Row locks one queue at a time, in the order of their names, which is also the order of everybody else.
create or replace function pgqueue.lock_leases(p_leases bigint[], p_queue text default null) returns text
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
declare
  v_queues int := 0;
  g record;
begin
  if p_queue is not null then
    perform from pgqueue.job_lease l where l.queue = p_queue and l.lease = any (p_leases) order by l.lease for update;
    return p_queue;
  end if;
  for g in select l.queue, array_agg(l.lease) as leases from pgqueue.job_lease l where l.lease = any (p_leases)
    group by l.queue order by l.queue
  loop
    perform from pgqueue.job_lease l where l.queue = g.queue and l.lease = any (g.leases) order by l.lease for update;
    v_queues := v_queues + 1;
    p_queue := g.queue;
  end loop;
  return case when v_queues = 1 then p_queue end;
end $f$;

-- The claim keeps its plan off an index of the queue by another collation, which a partition is not known by either.
do $$
begin
  execute replace(pg_get_functiondef((select min(p.oid) from pg_proc p
    where p.proname = 'fetch' and p.pronamespace = (select relnamespace from pg_class where oid = 'pgqueue.queue'::regclass))), ' collate "C"', '');
end $$;

-- Nor do the ends of jobs of several queues go in one statement: queue by queue, as with end hooks.
do $$
begin
  execute replace(pg_get_functiondef((select min(p.oid) from pg_proc p
    where p.proname = 'settle_leases' and p.pronamespace = (select relnamespace from pg_class where oid = 'pgqueue.queue'::regclass))),
    'if l.hooked then', 'if l.hooked or p_queue is null then');
end $$;

-- "any queue, or this one" in one statement: the partition is known only to a plan for the very values.
alter function pgqueue.open_outcomes(bigint[], bigint[], text[], jsonb[], float8[], text) set plan_cache_mode = force_custom_plan;
alter function pgqueue.settle_leases(bigint[], bigint[], bigint[], text) set plan_cache_mode = force_custom_plan;
alter function pgqueue.trim_leases(text, bigint[], bigint[], bigint[], boolean) set plan_cache_mode = force_custom_plan;

commit;
