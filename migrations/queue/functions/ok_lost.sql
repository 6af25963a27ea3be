-- SPDX-License-Identifier: MIT
-- The words for the answers of settle.
create or replace function /*schema*/ok_lost(p_ok boolean[]) returns text[]
language sql immutable
as $f$
  select array(select case when o then 'ok' else 'lost' end from pg_catalog.unnest(p_ok) with ordinality u(o, i) order by i)
$f$;
