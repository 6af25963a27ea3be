-- SPDX-License-Identifier: MIT
-- Enqueues a job in the caller's transaction. Its id; NULL if a policy refused it as a duplicate.
create or replace function /*schema*/send(queue text, data jsonb default null, options jsonb default '{}')
returns bigint language plpgsql
as $f$
#variable_conflict use_column
declare
  p_queue alias for $1;
  p_data alias for $2;
  p_options alias for $3;
begin
  return (/*schema*/enqueue(p_queue, array[p_data], p_options))[1];
end $f$;
