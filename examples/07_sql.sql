-- SPDX-License-Identifier: MIT
-- 07_sql.sql: everything by SQL, as any language can: send, work, look. Run it by psql -f 07_sql.sql
\set ON_ERROR_STOP on
\pset footer off

select pgqueue.declare_queue('resize', '{"retry_limit": 2, "dead_letter": null}');

-- Send. The job is part of the transaction, like any row.
begin;
select pgqueue.send('resize', '{"image": 1}') as id;
select pgqueue.send('resize', '{"image": 2}', '{"priority": 5, "start_after": "10 min"}') as id;
commit;

-- From a trigger: each new picture is resized once.
create table if not exists picture (id bigint generated always as identity primary key, name text);
create or replace function resize_picture() returns trigger language plpgsql as $$
begin
  perform pgqueue.send('resize', jsonb_build_object('image', new.id),
    jsonb_build_object('singleton_key', 'picture-' || new.id));
  return null;
end $$;
create or replace trigger resize after insert on picture for each row execute function resize_picture();
insert into picture (name) values ('cat.png') returning id;

-- Work. A worker that registers is watched: it beats by poll() at least every ten seconds, and when its
-- connection breaks its jobs go back within three seconds.
select pgqueue.register_worker('psql') as worker \gset
select id, lease, data, attempt from pgqueue.fetch('resize', 1, :worker) \gset job_
select pgqueue.progress(:job_id, :job_lease, '{"percent": 50}');
select pgqueue.complete(:job_id, :job_lease, '{"bytes": 1234}');
select pgqueue.complete(:job_id, :job_lease) as "a second time";

-- An attempt that fails is tried again later, or is not.
select id, lease from pgqueue.fetch('resize', 1, :worker) \gset job_
select pgqueue.fail(:job_id, :job_lease, 'the disk is full', '{"retry_in": "5 min"}');
select id as job_id from pgqueue.job where queue = 'resize' and data = '{"image": 2}' order by id desc limit 1 \gset
select pgqueue.run_now(:job_id);
select id, lease from pgqueue.fetch('resize', 1, :worker) \gset job_
select pgqueue.fail(:job_id, :job_lease, 'this is no picture', '{"for_good": true}');
select pgqueue.unregister_worker(:worker);

-- Look.
select data, state, attempt, output from pgqueue.job where queue = 'resize' order by id;
select queue, created, retry, active, completed, failed from pgqueue.queue_stats where queue = 'resize';
