-- SPDX-License-Identifier: MIT
-- Wakes workers that sleep on a queue past p_start; each listens on a channel of its own. At most as many
-- as there are jobs, two at least, so that one bell left by a dead worker does no harm. PostgreSQL folds
-- equal notifications of a transaction into one. Above half of the server's notify queue it stays silent
-- (a full queue fails the commit): the sleepers poll anyway.
create or replace function /*schema*/ring(p_queue text, p_start timestamptz, p_count int) returns void
language plpgsql
as $f$
declare
  w bigint;
begin
  for w in select b.worker from /*schema*/job_bell b where b.queue = p_queue and b.until > p_start
           limit least(greatest(p_count, 2), 16) loop
    exit when pg_catalog.pg_notification_queue_usage() > 0.5;
    perform pg_catalog.pg_notify('pgqueue_' || w, 'q:' || p_queue);
  end loop;
end $f$;
