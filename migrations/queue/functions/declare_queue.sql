-- SPDX-License-Identifier: MIT
-- What a configuration file says about a queue: it is created, or these options are updated.
create or replace function /*schema*/declare_queue(p_name text, p_options jsonb default '{}')
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $f$
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
