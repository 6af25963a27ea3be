-- SPDX-License-Identifier: MIT
-- Settles claimed jobs, of any queues and leases, in one statement: for each pair whether it was still open in
-- that lease (true), or lost (false, and nothing changed).
--   p_outcomes  done, fail (for good), retry, snooze, release, cancel; NULL: all done
--   p_details   outputs or errors; JSON as text, other text becomes a JSON string; NULL: none
--   p_delays    seconds until the next start, for snooze and retry; NULL: none, or by the job's backoff
--   p_closes    leases of which this was the last: their row goes at once instead of at the next sweep
--   p_queue     the queue, when all are of one and the caller knows it: a distributed server then asks one node only
drop function if exists /*schema*/settle(bigint[], bigint[], text[], text[], float8[], bigint[]);
create or replace function /*schema*/settle(p_ids bigint[], p_leases bigint[], p_outcomes text[] default null,
  p_details text[] default null, p_delays float8[] default null, p_closes bigint[] default null, p_queue text default null)
returns boolean[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
  v_details jsonb[];
  v_back bigint[] := '{}';
  v_done bigint[] := '{}';
  v_open bigint[] := '{}'; -- jobs found open in the lease given, and
  v_ords bigint[] := '{}'; -- their places in p_ids
  v_some bigint[];
  v_returned bigint[];
  v_word text; -- the outcome, and
  v_mixed boolean := false; -- whether there is another
  v_answer boolean[];
  g record;
begin
  if pg_catalog.cardinality(p_ids) <> any (array[pg_catalog.cardinality(p_leases), pg_catalog.cardinality(p_outcomes),
      pg_catalog.cardinality(p_details), pg_catalog.cardinality(p_delays)]) then
    raise exception 'settle: % jobs, but another number of leases, outcomes, details or delays', pg_catalog.cardinality(p_ids)
      using errcode = '22023';
  end if;
  if p_outcomes is null and p_details is null and p_leases[1] = all (p_leases) then
    return /*schema*/settle_lease(p_leases[1], p_ids, p_leases[1] = any (p_closes), p_queue);
  end if;
  if p_outcomes is null and p_details is null then
    v_answer := /*schema*/settle_leases(p_ids, p_leases, p_closes, p_queue);
    if v_answer is not null then return v_answer; end if;
  end if;
  -- Lock first, look in the next statement: it sees what the locks waited for.
  p_queue := coalesce(/*schema*/lock_leases(p_leases, p_queue), p_queue);
  if p_details is not null then
    begin
      v_details := p_details::jsonb[];
    exception when others then
      v_details := array(select /*schema*/to_json_safe(t) from pg_catalog.unnest(p_details) with ordinality u(t, o) order by o);
    end;
  end if;
  for g in
    select * from /*schema*/open_outcomes(p_ids, p_leases, p_outcomes, v_details, p_delays, p_queue)
  loop
    v_returned := '{}';
    case g.outcome
      when 'done' then
        v_some := /*schema*/finish(g.queue, g.ids, 'completed', g.details, g.started, g.workers, 'active');
      when 'fail' then
        v_some := /*schema*/finish(g.queue, g.ids, 'failed', g.details, g.started, g.workers, 'active');
      when 'cancel' then
        v_some := /*schema*/finish(g.queue, g.ids, 'cancelled', g.details, g.started, g.workers, 'active');
      when 'retry' then
        select * into v_some, v_returned
          from /*schema*/fail_attempts(g.queue, g.ids, g.details, g.delays, g.started, g.workers);
      when 'snooze' then
        v_some := /*schema*/requeue(g.queue, g.ids, array(select v_now + coalesce(pg_catalog.make_interval(secs => d.delay),
          (select pg_catalog.make_interval(secs => j.retry_ms / 1000.0) from /*schema*/job_live j where j.id = d.id and j.queue = g.queue))
          from rows from (pg_catalog.unnest(g.ids), pg_catalog.unnest(g.delays)) with ordinality d(id, delay, o) order by d.o), null);
        v_returned := v_some;
      when 'release' then
        v_some := /*schema*/requeue(g.queue, g.ids, null, null);
        v_returned := v_some;
      else
        raise exception 'settle: unknown outcome "%" (done, fail, retry, snooze, release, cancel)', g.outcome using errcode = '22023';
    end case;
    v_done := v_done || v_some;
    v_back := v_back || v_returned;
    v_open := v_open || g.ids;
    v_ords := v_ords || g.ords;
    v_mixed := v_mixed or coalesce(v_word <> g.outcome, false);
    v_word := g.outcome;
  end loop;
  -- With one outcome a job named twice is settled once. With two it would end and come back at the same time.
  if v_mixed and (select pg_catalog.count(distinct i) from pg_catalog.unnest(v_open) i) < pg_catalog.cardinality(v_open) then
    raise exception 'settle: a job is named twice, with different outcomes' using errcode = '22023';
  end if;
  perform /*schema*/trim_leases(p_queue, p_leases, v_back, p_closes,
    pg_catalog.cardinality(v_done) = pg_catalog.cardinality(p_ids));
  if pg_catalog.cardinality(v_done) = pg_catalog.cardinality(p_ids) then
    return pg_catalog.array_fill(true, array[pg_catalog.cardinality(p_ids)]);
  end if;
  return array(select p.ord in (select pg_catalog.unnest(v_ords)) and p.id in (select pg_catalog.unnest(v_done)) -- by hash, as it stands
    from pg_catalog.unnest(p_ids) with ordinality p(id, ord) order by p.ord);
end $f$;
