-- SPDX-License-Identifier: MIT
-- Wakes workers that sleep on a queue past p_start; each listens on a channel of its own. At most as many
-- as there are jobs, two at least: the one that has announced its sleep last, because of all it lives most surely, and
-- any others, because bells of workers that are gone with their machine stay for up to half a minute.
-- PostgreSQL folds equal notifications of a transaction into one. Above half of the server's notify queue it stays
-- silent (a full queue fails the commit): the sleepers poll anyway.
create or replace function /*schema*/ring(p_queue text, p_start timestamptz, p_count int) returns void
language plpgsql
as $f$
declare
  w bigint;
begin
  for w in select x.worker from (select b.worker, b.until = pg_catalog.max(b.until) over () as last
             from /*schema*/job_bell b where b.queue = p_queue and b.until > p_start) x
           order by x.last desc, pg_catalog.random() limit least(greatest(p_count, 2), 16) loop
    exit when pg_catalog.pg_notification_queue_usage() > 0.5;
    perform pg_catalog.pg_notify('pgqueue_' || w, 'q:' || p_queue);
  end loop;
end $f$;
