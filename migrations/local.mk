# SPDX-License-Identifier: MIT
# The SQL is embedded: a C file per set, made anew when one of its files changes. A file that is added is
# seen because its folder's time changes.
migrations_queue_sql = $(wildcard $(top_srcdir)/migrations/queue/*.sql \
	$(top_srcdir)/migrations/queue/functions/*.sql $(top_srcdir)/migrations/queue/views/*.sql)
migrations_sync_sql = $(wildcard $(top_srcdir)/migrations/sync/*.sql \
	$(top_srcdir)/migrations/sync/functions/*.sql $(top_srcdir)/migrations/sync/views/*.sql)

migrations/queue_set.c: $(migrations_queue_sql) $(top_srcdir)/migrations/embed $(top_srcdir)/migrations/queue/functions
	$(AM_V_GEN)$(MKDIR_P) migrations && $(top_srcdir)/migrations/embed pgqi_queue_migrations queue \
		$(top_srcdir)/migrations/queue >$@.tmp && mv $@.tmp $@
migrations/sync_set.c: $(migrations_sync_sql) $(top_srcdir)/migrations/embed $(top_srcdir)/migrations/sync/functions
	$(AM_V_GEN)$(MKDIR_P) migrations && $(top_srcdir)/migrations/embed pgqueue_sync_migrations sync \
		$(top_srcdir)/migrations/sync >$@.tmp && mv $@.tmp $@

CLEANFILES += migrations/queue_set.c migrations/sync_set.c
EXTRA_DIST += migrations/embed migrations/queue migrations/sync
