-- SPDX-License-Identifier: MIT
-- The tables of the queue. What moves jobs between them are the functions, and only they.
--
-- Invariants (the tests check them after every storm):
-- I1 A queued job has exactly one job_ready row, whose key (queue, rank, start_after, id) equals the
--    columns of its job_live row.
-- I2 job_ready rows are inserted and deleted, never updated. Whoever deletes the row owns the job.
--    Whoever moves a job by its id locks its job_live row first.
-- I3 A job is open in lease L exactly if its id is in L.ids and its job_live row exists. A settle locks
--    its lease row first.
--
-- A plain run writes a job row once and deletes it once; a retry, snooze or change of a queued job
-- updates it. Columns are ordered by size, so that no byte is lost to alignment.

create type /*schema*/job_state as enum
  ('created', 'retry', 'active', 'blocked', 'completed', 'failed', 'cancelled');

create table /*schema*/queue (
  created_on timestamptz not null,
  updated_on timestamptz not null,
  paused_on timestamptz,
  retry_ms int not null check (retry_ms >= 0),
  retry_max_ms int check (retry_max_ms >= 0),
  expire_ms int not null check (expire_ms > 0),
  keep_queued_s int not null check (keep_queued_s > 0),
  keep_finished smallint not null check (keep_finished between 0 and 30), -- whole days
  retry_limit smallint not null check (retry_limit >= 0),
  backoff boolean not null,
  name text primary key,
  policy text not null check (policy in ('standard')),
  dead_letter text references /*schema*/queue (name) on delete set null,
  paused_reason text,
  payload_most int not null default 0, -- no payload sent was larger, by payload_size(); 0: none over 4 KiB
  end_hook text, -- function called in the transaction that ends jobs of this queue
  ranks int[] not null default '{0}' -- every rank ever sent, ascending: claims look at these
);

-- rank = -priority; attempt = counted attempts before the current claim.
create table /*schema*/job_live (
  id bigint generated always as identity primary key,
  created_on timestamptz not null,
  start_after timestamptz not null,
  touched_on timestamptz, -- the attempt's time counts from here, if later than its start
  rank int not null,
  expire_ms int not null,
  retry_ms int not null,
  retry_max_ms int,
  keep_queued_s int not null,
  attempt smallint not null default 0,
  retry_limit smallint not null,
  backoff boolean not null,
  queue text not null,
  singleton_key text,
  group_id text,
  dead_letter text,
  origin jsonb,   -- schedule, dead letter or fan-out that the job comes from
  attempts jsonb, -- outcome of each counted attempt but the last
  progress jsonb,
  data jsonb
);
create unique index job_live_key on /*schema*/job_live (queue, singleton_key)
  where singleton_key is not null;

-- What may be claimed, in claim order; the only index. No two of its keys are equal: looking for equal ones whenever a
-- page is full was 4 % of the instructions of an enqueue.
create table /*schema*/job_ready (
  id bigint not null,
  start_after timestamptz not null,
  rank int not null,
  expire_ms int not null, -- so that a claim's lease is written without a look at job_live
  attempt smallint not null,
  queue text not null
);
create index job_ready_claim on /*schema*/job_ready (queue, rank, start_after, id) with (deduplicate_items = off);

-- One row per claimed batch, found by its key.
create table /*schema*/job_lease (
  lease bigint primary key, -- random: it cannot repeat after a crash or on a promoted standby
  worker bigint,            -- null: nobody beats for it, it ends by expire_on alone
  started_on timestamptz not null,
  expire_on timestamptz not null, -- no attempt of the batch expires before
  queue text not null,
  ids bigint[] not null
);

-- Finished jobs by the day on which they are purged: the slot is that day's number modulo 32. The
-- partitions are there from the start, so nothing has to be made ahead and maintenance needs no DDL;
-- a day is purged by a TRUNCATE of one partition, which never locks the parent.
create table /*schema*/job_finished (
  id bigint not null,
  created_on timestamptz not null,
  start_after timestamptz not null,
  started_on timestamptz,
  completed_on timestamptz not null,
  worker bigint,
  purge_on date not null,
  rank int not null,
  expire_ms int not null,
  retry_ms int not null,
  slot smallint not null,
  attempt smallint not null,
  retry_limit smallint not null,
  backoff boolean not null,
  state /*schema*/job_state not null check (state in ('completed', 'failed', 'cancelled')),
  queue text not null,
  singleton_key text,
  group_id text,
  dead_letter text,
  origin jsonb,
  attempts jsonb,
  output jsonb,
  data jsonb
) partition by list (slot);
do $$
begin
  for n in 0..31 loop
    execute pg_catalog.format('create table /*schema*/job_finished_%s partition of /*schema*/job_finished'
      ' for values in (%s) with (autovacuum_vacuum_insert_scale_factor = 0.5)', n, n);
  end loop;
end $$;
create index job_finished_id on /*schema*/job_finished (id) with (deduplicate_items = off); -- no two are equal
create index job_finished_ended on /*schema*/job_finished (queue, state, id) where state <> 'completed';

-- Hot tables are vacuumed by the number of dead rows, not by a share of a size that changes all day.
alter table /*schema*/job_ready set (autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
alter table /*schema*/job_lease set (autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
  toast_tuple_target = 8160); -- the ids of a batch of 1,000 stay in the row as they are: 8 % of a claim was their compression
alter table /*schema*/job_live set (autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- A worker process. It holds the session advisory lock of its id while its connection lives, unless a pooler
-- stands between: sessions are the pooler's then.
create table /*schema*/job_worker (
  id bigint primary key,
  started_on timestamptz not null,
  beat_on timestamptz not null,
  suspect_on timestamptz, -- its lock was first seen free; a second look ends its leases. infinity: it has none, behind a pooler
  name text not null
) with (fillfactor = 50);

-- Who sleeps on a queue and until when; a send that starts a job before that rings the bell.
create table /*schema*/job_bell (
  queue text not null,
  worker bigint not null,
  until timestamptz not null,
  primary key (queue, worker)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

create table /*schema*/schedule (
  key text primary key,
  queue text not null references /*schema*/queue (name) on delete cascade,
  cron text not null,
  timezone text not null default 'UTC',
  data jsonb,
  options jsonb not null default '{}',
  missed text not null default 'latest' check (missed in ('skip', 'latest', 'all')),
  missed_limit int not null default 100 check (missed_limit > 0),
  next_on timestamptz, -- the watermark
  last_on timestamptz,
  last_error text,
  removed_on timestamptz, -- kept, so that a configuration file does not bring it back
  created_on timestamptz not null,
  updated_on timestamptz not null
);

create table /*schema*/fan_out_run (
  run_key text primary key,
  first_on timestamptz not null, -- the time that the starts count from
  last_start timestamptz,
  queue text not null
);
create table /*schema*/fan_out_item (
  run_key text not null references /*schema*/fan_out_run (run_key) on delete cascade,
  item text not null,
  primary key (run_key, item)
);

-- Counts: each statement of the hot path appends one row of differences per queue; maintenance folds
-- those of finished transactions into queue_count. Both are read in one snapshot, so the sum is exact.
create table /*schema*/queue_delta (
  xid xid8 not null default pg_catalog.pg_current_xact_id(),
  purge_on date not null default '-infinity', -- of finished jobs
  created int not null default 0,
  retry int not null default 0,
  active int not null default 0,
  completed int not null default 0,
  failed int not null default 0,
  cancelled int not null default 0,
  queue text not null,
  claimed_rank int, -- the last key of a claim that had to wait for others: fetch
  claimed_after timestamptz,
  claimed_id bigint
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index queue_delta_xid on /*schema*/queue_delta (xid);
create table /*schema*/queue_count (
  queue text not null,
  purge_on date not null,
  created bigint not null default 0,
  retry bigint not null default 0,
  active bigint not null default 0,
  completed bigint not null default 0,
  failed bigint not null default 0,
  cancelled bigint not null default 0,
  primary key (queue, purge_on)
);

-- One row: how far maintenance has come.
create table /*schema*/maintenance (
  one boolean primary key default true check (one),
  look_on timestamptz not null default '-infinity',  -- dead workers, expired leases, schedules
  sweep_on timestamptz not null default '-infinity', -- purge, prune, fold
  folded xid8 not null default '0',                  -- deltas below are in queue_count
  swept_id bigint not null default 0,                -- where the walk over old queued jobs stands
  rested_on timestamptz not null default '-infinity' -- it does not go on before
);
insert into /*schema*/maintenance default values;
