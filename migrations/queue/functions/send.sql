-- SPDX-License-Identifier: MIT
-- Enqueues a job in the caller's transaction. Its id; NULL if a policy refused it as a duplicate.
create or replace function /*schema*/send(p_queue text, p_data jsonb default null, p_options jsonb default '{}')
returns bigint language plpgsql
as $f$
begin
  return (/*schema*/enqueue(p_queue, array[p_data], p_options))[1];
end $f$;
