-- SPDX-License-Identifier: MIT
-- Called by the queue in each transaction that ends import jobs, whoever ends them: import_job and
-- connection end together with the job. A connection that got other tokens since is left pending: the refused one was
-- not theirs. Rows are locked in the order of their ids. By keys, whatever is known of the tables.
create or replace function sync.import_ended(p_ids bigint[], p_state text, p_outputs jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off
set enable_mergejoin = off set jit = off
as $f$
declare
  v_now constant timestamptz := /*schema*/clock();
begin
  perform from sync.import_job where job_id = any (p_ids) order by id for update;
  perform from sync.connection c where c.id = any (array(select i.connection_id from sync.import_job i where i.job_id = any (p_ids)))
    order by c.id for no key update;
  with e as (
    select u.id, u.output ->> 'class' = 'reauth' as reauth,
      case p_state when 'completed' then null when 'cancelled' then 'cancelled'
        else left(coalesce(u.output ->> 'message', u.output #>> '{}', 'failed'), 2000) end as error
    from unnest(p_ids, p_outputs) u(id, output)
  ), i as (
    update sync.import_job i set status = case p_state when 'completed' then 'completed' else 'failed' end,
        completed_at = v_now, error = e.error
      from e where i.job_id = any (p_ids) and i.job_id = e.id and i.status in ('pending', 'running')
      returning i.connection_id, e.error, e.reauth
  )
  update sync.connection c set
      sync_error = case when p_state = 'failed' and i.reauth and c.sync_status = 'pending' then null else i.error end,
      sync_status = case when p_state = 'completed' then 'completed'
        when p_state = 'failed' and i.reauth then case c.sync_status when 'pending' then 'pending' else 'needs_reauth' end
        else 'failed' end,
      last_synced_at = case when p_state = 'completed' then v_now else c.last_synced_at end
    from i where c.id = any (array(select x.connection_id from i x)) and c.id = i.connection_id;
end $f$;
