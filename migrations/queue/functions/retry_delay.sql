-- SPDX-License-Identifier: MIT
-- The wait before the k-th retry: d = min(max, delay * 2^(k-1)), or the plain delay without backoff, drawn
-- evenly from (d/2, d], so that what failed together does not come back together. Without a maximum the doubling
-- ends at a day, or at the delay itself if that is longer.
create or replace function /*schema*/retry_delay(p_ms int, p_max_ms int, p_backoff boolean, p_k int) returns interval
language sql volatile
as $f$
  select pg_catalog.make_interval(secs => (1 - pg_catalog.random() / 2) / 1000.0 * case when p_backoff
    then least(coalesce(p_max_ms, greatest(p_ms, 86400000))::float8, p_ms * 2.0 ^ least(p_k - 1, 40)) else p_ms end)
$f$;
