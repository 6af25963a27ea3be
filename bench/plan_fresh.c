/* SPDX-License-Identifier: MIT */
/* Tables that nobody ever analysed or vacuumed, beside tables that were, just before. */
#include <stddef.h>

#include "cases.h"
#include "db.h"
#include "pair.h"

void case_plan_fresh(const char *dsn, long size)
{
    PGconn *conn = db_connect(dsn);
    db_run(conn, "do $$ declare t regclass; begin for t in select oid from pg_class where relkind ="
                 " 'r' and relnamespace = 'pgqueue'::regnamespace loop execute format("
                 "'alter table %s set (autovacuum_enabled = off)', t); end loop; end $$");
    PQfinish(conn);
    pair_measure(&(struct pair){
        .name = "plan_fresh", .dsn = dsn, .jobs = size, .analyzed = 1, .size = size});
}
