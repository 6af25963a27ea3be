-- SPDX-License-Identifier: MIT
-- What the migrations of the queue add up to: written by tests/expected/test_schema.py.

ALTER INDEX /*schema*/job_finished_ended ATTACH PARTITION /*schema*/job_finished_0_queue_state_id_idx;

ALTER INDEX /*schema*/job_finished_id ATTACH PARTITION /*schema*/job_finished_0_id_idx;

ALTER TABLE /*schema*/job_live ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME /*schema*/job_live_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY /*schema*/fan_out_item
    ADD CONSTRAINT fan_out_item_pkey PRIMARY KEY (run_key, item);

ALTER TABLE ONLY /*schema*/fan_out_item
    ADD CONSTRAINT fan_out_item_run_key_fkey FOREIGN KEY (run_key) REFERENCES /*schema*/fan_out_run(run_key) ON DELETE CASCADE;

ALTER TABLE ONLY /*schema*/fan_out_run
    ADD CONSTRAINT fan_out_run_pkey PRIMARY KEY (run_key);

ALTER TABLE ONLY /*schema*/job_bell
    ADD CONSTRAINT job_bell_pkey PRIMARY KEY (queue, worker);

ALTER TABLE ONLY /*schema*/job_finished ATTACH PARTITION /*schema*/job_finished_0 FOR VALUES IN ('0');

ALTER TABLE ONLY /*schema*/job_lease
    ADD CONSTRAINT job_lease_pkey PRIMARY KEY (lease);

ALTER TABLE ONLY /*schema*/job_live
    ADD CONSTRAINT job_live_pkey PRIMARY KEY (id);

ALTER TABLE ONLY /*schema*/job_worker
    ADD CONSTRAINT job_worker_pkey PRIMARY KEY (id);

ALTER TABLE ONLY /*schema*/maintenance
    ADD CONSTRAINT maintenance_pkey PRIMARY KEY (one);

ALTER TABLE ONLY /*schema*/migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (set_name, version);

ALTER TABLE ONLY /*schema*/queue
    ADD CONSTRAINT queue_dead_letter_fkey FOREIGN KEY (dead_letter) REFERENCES /*schema*/queue(name) ON DELETE SET NULL;

ALTER TABLE ONLY /*schema*/queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (name);

ALTER TABLE ONLY /*schema*/queue_count
    ADD CONSTRAINT queue_count_pkey PRIMARY KEY (queue, purge_on);

ALTER TABLE ONLY /*schema*/schedule
    ADD CONSTRAINT schedule_pkey PRIMARY KEY (key);

ALTER TABLE ONLY /*schema*/schedule
    ADD CONSTRAINT schedule_queue_fkey FOREIGN KEY (queue) REFERENCES /*schema*/queue(name) ON DELETE CASCADE;

CREATE INDEX job_finished_0_id_idx ON /*schema*/job_finished_0 USING btree (id) WITH (deduplicate_items=off);

CREATE INDEX job_finished_0_queue_state_id_idx ON /*schema*/job_finished_0 USING btree (queue, state, id) WHERE (state <> 'completed'::/*schema*/job_state);

CREATE INDEX job_finished_ended ON ONLY /*schema*/job_finished USING btree (queue, state, id) WHERE (state <> 'completed'::/*schema*/job_state);

CREATE INDEX job_finished_id ON ONLY /*schema*/job_finished USING btree (id) WITH (deduplicate_items=off);

CREATE INDEX job_ready_claim ON /*schema*/job_ready USING btree (queue, rank, start_after, id) WITH (deduplicate_items=off);

CREATE INDEX queue_delta_xid ON /*schema*/queue_delta USING btree (xid);

CREATE SCHEMA SCHEMA;

CREATE TABLE /*schema*/fan_out_item (
    run_key text NOT NULL,
    item text NOT NULL
);

CREATE TABLE /*schema*/fan_out_run (
    run_key text NOT NULL,
    first_on timestamp with time zone NOT NULL,
    last_start timestamp with time zone,
    queue text NOT NULL
);

CREATE TABLE /*schema*/job_bell (
    queue text NOT NULL,
    worker bigint NOT NULL,
    until timestamp with time zone NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='500');

CREATE TABLE /*schema*/job_finished (
    id bigint NOT NULL,
    created_on timestamp with time zone NOT NULL,
    start_after timestamp with time zone NOT NULL,
    started_on timestamp with time zone,
    completed_on timestamp with time zone NOT NULL,
    worker bigint,
    purge_on date NOT NULL,
    rank integer NOT NULL,
    expire_ms integer NOT NULL,
    retry_ms integer NOT NULL,
    slot smallint NOT NULL,
    attempt smallint NOT NULL,
    retry_limit smallint NOT NULL,
    backoff boolean NOT NULL,
    state /*schema*/job_state NOT NULL,
    queue text NOT NULL,
    singleton_key text,
    group_id text,
    dead_letter text,
    origin jsonb,
    attempts jsonb,
    output jsonb,
    data jsonb,
    CONSTRAINT job_finished_state_check CHECK ((state = ANY (ARRAY['completed'::/*schema*/job_state, 'failed'::/*schema*/job_state, 'cancelled'::/*schema*/job_state])))
)
PARTITION BY LIST (slot);

CREATE TABLE /*schema*/job_finished_0 (
    id bigint NOT NULL,
    created_on timestamp with time zone NOT NULL,
    start_after timestamp with time zone NOT NULL,
    started_on timestamp with time zone,
    completed_on timestamp with time zone NOT NULL,
    worker bigint,
    purge_on date NOT NULL,
    rank integer NOT NULL,
    expire_ms integer NOT NULL,
    retry_ms integer NOT NULL,
    slot smallint NOT NULL,
    attempt smallint NOT NULL,
    retry_limit smallint NOT NULL,
    backoff boolean NOT NULL,
    state /*schema*/job_state NOT NULL,
    queue text NOT NULL,
    singleton_key text,
    group_id text,
    dead_letter text,
    origin jsonb,
    attempts jsonb,
    output jsonb,
    data jsonb,
    CONSTRAINT job_finished_state_check CHECK ((state = ANY (ARRAY['completed'::/*schema*/job_state, 'failed'::/*schema*/job_state, 'cancelled'::/*schema*/job_state])))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.5');

CREATE TABLE /*schema*/job_lease (
    lease bigint NOT NULL,
    worker bigint,
    started_on timestamp with time zone NOT NULL,
    expire_on timestamp with time zone NOT NULL,
    queue text NOT NULL,
    ids bigint[] NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0', toast_tuple_target='8160');

CREATE TABLE /*schema*/job_live (
    id bigint NOT NULL,
    created_on timestamp with time zone NOT NULL,
    start_after timestamp with time zone NOT NULL,
    touched_on timestamp with time zone,
    rank integer NOT NULL,
    expire_ms integer NOT NULL,
    retry_ms integer NOT NULL,
    retry_max_ms integer,
    keep_queued_s integer NOT NULL,
    attempt smallint DEFAULT 0 NOT NULL,
    retry_limit smallint NOT NULL,
    backoff boolean NOT NULL,
    queue text NOT NULL,
    singleton_key text,
    group_id text,
    dead_letter text,
    origin jsonb,
    attempts jsonb,
    progress jsonb,
    data jsonb
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000', autovacuum_vacuum_cost_delay='0');

CREATE TABLE /*schema*/job_ready (
    id bigint NOT NULL,
    start_after timestamp with time zone NOT NULL,
    rank integer NOT NULL,
    expire_ms integer NOT NULL,
    attempt smallint NOT NULL,
    queue text NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='10000', autovacuum_vacuum_cost_delay='0');

CREATE TABLE /*schema*/job_worker (
    id bigint NOT NULL,
    started_on timestamp with time zone NOT NULL,
    beat_on timestamp with time zone NOT NULL,
    suspect_on timestamp with time zone,
    name text NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE /*schema*/maintenance (
    one boolean DEFAULT true NOT NULL,
    look_on timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    sweep_on timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    folded xid8 DEFAULT '0'::xid8 NOT NULL,
    swept_id bigint DEFAULT 0 NOT NULL,
    rested_on timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT maintenance_one_check CHECK (one)
);

CREATE TABLE /*schema*/migration (
    set_name text NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    digest text,
    applied_on timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE /*schema*/queue (
    created_on timestamp with time zone NOT NULL,
    updated_on timestamp with time zone NOT NULL,
    paused_on timestamp with time zone,
    retry_ms integer NOT NULL,
    retry_max_ms integer,
    expire_ms integer NOT NULL,
    keep_queued_s integer NOT NULL,
    keep_finished smallint NOT NULL,
    retry_limit smallint NOT NULL,
    backoff boolean NOT NULL,
    name text NOT NULL,
    policy text NOT NULL,
    dead_letter text,
    paused_reason text,
    payload_most integer DEFAULT 0 NOT NULL,
    end_hook text,
    ranks integer[] DEFAULT '{0}'::integer[] NOT NULL,
    CONSTRAINT queue_expire_ms_check CHECK ((expire_ms > 0)),
    CONSTRAINT queue_keep_finished_check CHECK (((keep_finished >= 0) AND (keep_finished <= 30))),
    CONSTRAINT queue_keep_queued_s_check CHECK ((keep_queued_s > 0)),
    CONSTRAINT queue_policy_check CHECK ((policy = 'standard'::text)),
    CONSTRAINT queue_retry_limit_check CHECK ((retry_limit >= 0)),
    CONSTRAINT queue_retry_max_ms_check CHECK ((retry_max_ms >= 0)),
    CONSTRAINT queue_retry_ms_check CHECK ((retry_ms >= 0))
);

CREATE TABLE /*schema*/queue_count (
    queue text NOT NULL,
    purge_on date NOT NULL,
    created bigint DEFAULT 0 NOT NULL,
    retry bigint DEFAULT 0 NOT NULL,
    active bigint DEFAULT 0 NOT NULL,
    completed bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    cancelled bigint DEFAULT 0 NOT NULL
);

CREATE TABLE /*schema*/queue_delta (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    purge_on date DEFAULT '-infinity'::date NOT NULL,
    created integer DEFAULT 0 NOT NULL,
    retry integer DEFAULT 0 NOT NULL,
    active integer DEFAULT 0 NOT NULL,
    completed integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    cancelled integer DEFAULT 0 NOT NULL,
    queue text NOT NULL,
    claimed_rank integer,
    claimed_after timestamp with time zone,
    claimed_id bigint
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

CREATE TABLE /*schema*/schedule (
    key text NOT NULL,
    queue text NOT NULL,
    cron text NOT NULL,
    timezone text DEFAULT 'UTC'::text NOT NULL,
    data jsonb,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    missed text DEFAULT 'latest'::text NOT NULL,
    missed_limit integer DEFAULT 100 NOT NULL,
    next_on timestamp with time zone,
    last_on timestamp with time zone,
    last_error text,
    removed_on timestamp with time zone,
    created_on timestamp with time zone NOT NULL,
    updated_on timestamp with time zone NOT NULL,
    CONSTRAINT schedule_missed_check CHECK ((missed = ANY (ARRAY['skip'::text, 'latest'::text, 'all'::text]))),
    CONSTRAINT schedule_missed_limit_check CHECK ((missed_limit > 0))
);

CREATE TYPE /*schema*/job_state AS ENUM (
    'created',
    'retry',
    'active',
    'blocked',
    'completed',
    'failed',
    'cancelled'
);

CREATE UNIQUE INDEX job_live_key ON /*schema*/job_live USING btree (queue, singleton_key) WHERE (singleton_key IS NOT NULL);

CREATE VIEW /*schema*/job AS
 SELECT j.id,
    r.queue,
    r.queue AS name,
        CASE r.attempt
            WHEN 0 THEN 'created'::/*schema*/job_state
            ELSE 'retry'::/*schema*/job_state
        END AS state,
    (- r.rank) AS priority,
    j.data,
    (r.attempt)::integer AS attempt,
    GREATEST((r.attempt - 1), 0) AS retry_count,
    (j.retry_limit)::integer AS retry_limit,
    make_interval(secs => (((j.retry_ms)::numeric / 1000.0))::double precision) AS retry_delay,
    j.backoff AS retry_backoff,
    r.start_after,
    j.created_on,
    NULL::timestamp with time zone AS started_on,
    NULL::timestamp with time zone AS completed_on,
    make_interval(secs => (((j.expire_ms)::numeric / 1000.0))::double precision) AS expire_in,
    j.singleton_key,
    j.group_id,
    j.dead_letter,
    ((j.attempts -> '-1'::integer) -> 'output'::text) AS output,
    NULL::bigint AS worker,
    j.attempts,
    j.origin
   FROM (/*schema*/job_ready r
     LEFT JOIN /*schema*/job_live j ON (((j.id = r.id) AND (j.queue = r.queue) AND (j.rank = r.rank) AND (j.start_after = r.start_after))))
UNION ALL
 SELECT j.id,
    j.queue,
    j.queue AS name,
    'active'::/*schema*/job_state AS state,
    (- j.rank) AS priority,
    j.data,
    (j.attempt + 1) AS attempt,
    (j.attempt)::integer AS retry_count,
    j.retry_limit,
    make_interval(secs => (((j.retry_ms)::numeric / 1000.0))::double precision) AS retry_delay,
    j.backoff AS retry_backoff,
    j.start_after,
    j.created_on,
    l.started_on,
    NULL::timestamp with time zone AS completed_on,
    make_interval(secs => (((j.expire_ms)::numeric / 1000.0))::double precision) AS expire_in,
    j.singleton_key,
    j.group_id,
    j.dead_letter,
    j.progress AS output,
    l.worker,
    j.attempts,
    j.origin
   FROM ((/*schema*/job_lease l
     CROSS JOIN LATERAL unnest(l.ids) u(id))
     JOIN /*schema*/job_live j ON (((j.id = u.id) AND (j.queue = l.queue))))
UNION ALL
 SELECT f.id,
    f.queue,
    f.queue AS name,
    f.state,
    (- f.rank) AS priority,
    f.data,
    f.attempt,
    GREATEST((f.attempt - 1), 0) AS retry_count,
    f.retry_limit,
    make_interval(secs => (((f.retry_ms)::numeric / 1000.0))::double precision) AS retry_delay,
    f.backoff AS retry_backoff,
    f.start_after,
    f.created_on,
    f.started_on,
    f.completed_on,
    make_interval(secs => (((f.expire_ms)::numeric / 1000.0))::double precision) AS expire_in,
    f.singleton_key,
    f.group_id,
    f.dead_letter,
    f.output,
    f.worker,
    f.attempts,
    f.origin
   FROM /*schema*/job_finished f
  WHERE (f.completed_on > (now() - make_interval(days => ((f.purge_on - ((f.completed_on AT TIME ZONE 'UTC'::text))::date) - 1))));

CREATE VIEW /*schema*/queue_stats AS
 SELECT q.name AS queue,
    (COALESCE(c.created, (0)::numeric))::bigint AS created,
    (COALESCE(c.retry, (0)::numeric))::bigint AS retry,
    (COALESCE(c.active, (0)::numeric))::bigint AS active,
    (0)::bigint AS blocked,
    (COALESCE(c.completed, (0)::numeric))::bigint AS completed,
    (COALESCE(c.failed, (0)::numeric))::bigint AS failed,
    (COALESCE(c.cancelled, (0)::numeric))::bigint AS cancelled,
        CASE
            WHEN ((c.created + c.retry) > (0)::numeric) THEN ( SELECT (/*schema*/clock() - min(f.start_after))
               FROM unnest(q.ranks) k(rank),
                LATERAL ( SELECT y.start_after
                       FROM /*schema*/job_ready y
                      WHERE ((y.queue = q.name) AND (y.rank = k.rank) AND (y.start_after <= now()))
                      ORDER BY y.start_after, y.id
                     LIMIT 1) f)
            ELSE NULL::interval
        END AS oldest_ready_age,
    q.paused_on,
    q.paused_reason
   FROM (/*schema*/queue q
     LEFT JOIN ( SELECT d.queue,
            sum(d.created) AS created,
            sum(d.retry) AS retry,
            sum(d.active) AS active,
            sum(d.completed) AS completed,
            sum(d.failed) AS failed,
            sum(d.cancelled) AS cancelled
           FROM ( SELECT queue_count.queue,
                    queue_count.purge_on,
                    queue_count.created,
                    queue_count.retry,
                    queue_count.active,
                    queue_count.completed,
                    queue_count.failed,
                    queue_count.cancelled
                   FROM /*schema*/queue_count
                UNION ALL
                 SELECT queue_delta.queue,
                    queue_delta.purge_on,
                    queue_delta.created,
                    queue_delta.retry,
                    queue_delta.active,
                    queue_delta.completed,
                    queue_delta.failed,
                    queue_delta.cancelled
                   FROM /*schema*/queue_delta
                  WHERE (queue_delta.xid >= ( SELECT maintenance.folded
                           FROM /*schema*/maintenance))) d
          WHERE ((d.purge_on = '-infinity'::date) OR (d.purge_on > ( SELECT ((/*schema*/clock() AT TIME ZONE 'UTC'::text))::date AS timezone)))
          GROUP BY d.queue) c ON ((c.queue = q.name)));
