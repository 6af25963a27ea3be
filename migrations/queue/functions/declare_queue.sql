-- SPDX-License-Identifier: MIT
-- What a configuration file says about a queue: it is created, or these options are updated.
create or replace function /*schema*/declare_queue(name text, options jsonb default '{}')
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
#variable_conflict use_column
declare
  p_name alias for $1;
  p_options alias for $2;
begin
  if not exists (select from /*schema*/queue where name = p_name) then
    begin
      perform /*schema*/create_queue(p_name, p_options);
      return;
    exception when sqlstate 'PQ409' then
      null; -- another worker was faster
    end;
  end if;
  perform /*schema*/update_queue(p_name, p_options);
end $f$;
