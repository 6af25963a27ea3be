-- SPDX-License-Identifier: MIT
-- 10_fan_out.sql: one job per row of a query, two minutes apart, once per run key.
\set ON_ERROR_STOP on

create table if not exists customer (id bigint primary key, name text);
insert into customer select i, 'customer ' || i from generate_series(1, 5) i on conflict do nothing;
select pgqueue.declare_queue('statement');

-- The first column names the item, the row is the payload.
select * from pgqueue.fan_out('statements of May', 'statement', 'select id, name from customer order by id', '2 min');

-- Again, after a crash or by mistake: nothing is doubled; what came in between is added after the last.
insert into customer values (6, 'customer 6');
select * from pgqueue.fan_out('statements of May', 'statement', 'select id, name from customer order by id', '2 min');

select data ->> 'name' as name, start_after - min(start_after) over () as after
  from pgqueue.job where queue = 'statement' order by start_after;
