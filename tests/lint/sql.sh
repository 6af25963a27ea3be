# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# How the migrations name things: our objects by the schema marker, the clock by its function, and either a fixed
# search_path or no relation that is looked up by one.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"

check() {
    local list
    list=$(files 'migrations/*.sql')
    [ -n "$list" ] || return 0
    # Only one file reads the server's clock. Views show and decide nothing: they may use the stable now(), which an
    # index can be searched by.
    grep -vE '/functions/clock\.sql$|/views/' <<<"$list" | code --sql |
        grep -iE '\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)[[:space:]]*\(|\b(current_timestamp|localtimestamp|current_date|current_time|localtime)\b' |
        sed 's/$/   <- reads a clock other than clock()/'
    code --sql <<<"$list" | "$PYTHON3" -c '
import os, re, sys

files = {}
for line in sys.stdin:
    path, n, text = line.rstrip("\n").split(":", 2)
    files.setdefault(path, []).append((int(n), text))
whole = {path: "\n".join(t for _, t in lines) for path, lines in files.items()}
tables = set(re.findall(r"create (?:unlogged )?(?:table|view|sequence|type|materialized view)(?: if not exists)? @@(\w+)", " ".join(whole.values()), re.I))
# A name that is a word of SQL as well cannot be told from it here; the suite in another schema finds those.
functions = {os.path.basename(p)[:-4] for p in whole if "/functions/" in p and "/queue/" in p}
functions -= {"fetch", "release", "cancel", "retry", "fail", "complete", "clock", "progress"} - {
    f for f in functions if f in ("fail", "complete", "clock", "snooze")}
for path, text in sorted(whole.items()):
    name = os.path.basename(path)[:-4]
    if "/functions/" in path:
        prefix = r"(?:@@|sync\.)" if "/sync/" in path else "@@"
        if not re.search(rf"create or replace (?:function|procedure) {prefix}{re.escape(name)}\s*\(", text, re.I):
            print(f"{path}: does not create or replace {name} with the schema marker")
    if "/views/" in path and not re.search(rf"create (?:or replace )?view (?:@@|sync\.){re.escape(name)}\b", text, re.I):
        print(f"{path}: does not create the view {name} with the schema marker")
    locals_ = set(re.findall(r"(?:\bwith(?: recursive)?|,)\s+(\w+)(?:\s*\([^()]*\))?\s+as\s+(?:not\s+)?(?:materialized\s*)?\(", text, re.I))
    # Setting search_path costs too much on the hot path. Without it every relation has to be named in full; types,
    # functions and operators are never looked up in pg_temp and are found in pg_catalog first.
    if "/functions/" in path and not re.search(r"set search_path (?:=|to)\s*pg_catalog(?:, *sync)?, *pg_temp", text, re.I):
        for m in re.finditer(r"\b(from|join|insert into|update|delete from)\s+(?:only\s+)?(\w+)\b(?!\s*[.(@])", text, re.I):
            verb, name_, before = m.group(1).lower(), m.group(2), text[: m.start()]
            if name_ in locals_ or name_.lower() in ("lateral", "rows", "set", "skip", "of", "nowait", "only", "select"):
                continue
            if re.search(r"(\bdistinct|\b(for|do|key|no key|before|after|or|on)|\b(extract|substring|trim|overlay|both|leading|trailing)\b\s*\(?[^()]*)\s*$", before, re.I):
                continue
            print(f"{path}: sets no search_path and says \"{verb} {name_}\"")
    for n, line in files[path]:
        for m in re.finditer(r"\b(?:from|join|insert into|update|delete from|truncate|references|alter table|create table(?: if not exists)?|drop table(?: if exists)?|lock table|inherits \()\s+(?:only\s+)?(\w+)\b(?!\s*[.(])", line, re.I):
            if m.group(1) in tables - locals_ and not line[:m.start()].rstrip().lower().endswith("distinct"):
                print(f"{path}:{n}: {m.group(1)} without the schema marker")
        for m in re.finditer(r"(?<![@\w.\"])(\w+)\s*\(", line):
            if m.group(1) in functions and m.group(1) not in locals_ and not re.search(r"\b(function|procedure|table|into|view|as|with|,)\s*$", line[:m.start()], re.I):
                print(f"{path}:{n}: {m.group(1)}() without the schema marker")
'
}

plant migrations/queue/functions/a.sql <<'EOT'
create or replace function /*schema*/a() returns void language sql set search_path = pg_catalog, pg_temp
as $$ select now() $$;
EOT
finds "a bare now() is found" 'a.sql:2:.*clock other'
plant migrations/queue/functions/a.sql <<'EOT'
create or replace function /*schema*/a() returns void language sql set search_path = pg_catalog, pg_temp
as $$ select /*schema*/clock() /* not now() */ -- nor current_timestamp
$$;
comment on function /*schema*/a() is 'not now()';
EOT
accepts "the clock's function, and words in comments, are not"
plant migrations/queue/functions/clock.sql <<'EOT'
create or replace function /*schema*/clock() returns timestamptz language sql -- search_path: all names are qualified
as $$ select pg_catalog.clock_timestamp() $$;
EOT
accepts "clock.sql itself reads it"
plant migrations/queue/functions/a.sql <<<'create or replace function a() returns void language sql set search_path = pg_temp as $$ $$;'
finds "a function without the marker is found" 'a.sql: does not create or replace a with the schema marker'
plant migrations/queue/functions/a.sql <<<'create or replace function /*schema*/b() returns void language sql set search_path = pg_temp as $$ $$;'
finds "a file that creates another function than its name says is found" 'a.sql: does not create'
plant migrations/queue/functions/a.sql <<'EOT'
create or replace function /*schema*/a() returns void language sql
as $$ delete from victims where id = 1 $$;
EOT
finds "a function without a search_path that names a relation by it is found" 'sets no search_path and says "delete from victims"'
plant migrations/queue/functions/a.sql <<'EOT'
create or replace function /*schema*/a() returns void language sql
as $$ with picked(id) as (select id from /*schema*/b for update skip locked)
update /*schema*/b set n = extract(epoch from start_after) from picked p
where p.id is distinct from b_id $$;
EOT
accepts "one that names everything in full is not"
plant migrations/queue/0001_x.sql <<'EOT'
create table /*schema*/job_live (id bigint);
create table /*schema*/lease (id bigint references job_live);
EOT
finds "a table without the marker is found" '0001_x.sql:2: job_live without'
plant migrations/queue/0001_x.sql <<<'create table /*schema*/job_live (id bigint);'
plant migrations/queue/functions/a.sql <<'EOT'
create or replace function /*schema*/a() returns void language sql set search_path = pg_catalog, pg_temp
as $$ update job_live set id = 1 $$;
EOT
finds "also in a function's body" 'a.sql:2: job_live without'
plant migrations/queue/functions/send.sql <<'EOT'
create or replace function /*schema*/send(q text) returns bigint language sql set search_path = pg_catalog, pg_temp
as $$ select 1::bigint $$;
EOT
plant migrations/queue/functions/a.sql <<'EOT'
create or replace function /*schema*/a() returns bigint language sql set search_path = pg_catalog, pg_temp
as $$ select send('x') $$;
EOT
finds "a call without the marker is found" 'a.sql:2: send\(\) without'
plant migrations/queue/views/v.sql <<<'create view v as select 1;'
finds "a view without the marker is found" 'v.sql: does not create the view'
tree_is_clean "the migrations name everything by the marker"
tap_done
