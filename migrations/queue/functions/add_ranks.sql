-- SPDX-License-Identifier: MIT
-- Makes the ranks of new jobs known to the claims of their queue, before the jobs are there. The first
-- send of a new priority locks the queue's row until it commits; priority 0 never does.
create or replace function /*schema*/add_ranks(q /*schema*/queue, p_ranks int[]) returns void
language plpgsql
as $f$
begin
  if p_ranks operator(pg_catalog.<@) q.ranks then return; end if;
  update /*schema*/queue set ranks = array(select distinct r from pg_catalog.unnest(ranks || p_ranks) r order by r)
    where name = q.name and not p_ranks operator(pg_catalog.<@) ranks
    returning * into q;
  if pg_catalog.cardinality(q.ranks) > 256 then
    raise exception 'queue "%" would have more than 256 different priorities', q.name using errcode = '54000';
  end if;
end $f$;
