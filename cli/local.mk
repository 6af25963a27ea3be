# SPDX-License-Identifier: MIT
# What needs no database, shared by the command and its unit tests.
noinst_LTLIBRARIES += cli/libcli.la
cli_libcli_la_SOURCES = \
	cli/buffer.c cli/buffer.h \
	cli/help.c cli/help.h \
	cli/jsonout.c cli/jsonout.h \
	cli/nearest.c cli/nearest.h \
	cli/options.c cli/options.h \
	cli/table.c cli/output.h \
	cli/text.c cli/text.h \
	cli/values.c cli/values.h
cli_libcli_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE

bin_PROGRAMS += cli/pgqueue
cli_pgqueue_SOURCES = \
	cli/cli.h \
	cli/commands.c cli/commands.h \
	cli/db.c cli/db.h \
	cli/each.c cli/each.h \
	cli/errors.c \
	cli/exits.h \
	cli/fanout.c \
	cli/jobs.c \
	cli/list.c \
	cli/main.c \
	cli/migrate.c cli/migrations.h \
	cli/output.c \
	cli/payload.h \
	cli/progress.c cli/progress.h \
	cli/queue.c \
	cli/schedule.c \
	cli/send.c \
	cli/send_file.c \
	cli/settings.c \
	cli/sync_connection.c \
	cli/sync_import.c \
	cli/sync_user.c \
	cli/version.c \
	cli/work.c
nodist_cli_pgqueue_SOURCES = migrations/sync_set.c
cli_pgqueue_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
cli_pgqueue_CFLAGS = $(AM_CFLAGS) $(PQ_CFLAGS) $(EVENT_CFLAGS)
cli_pgqueue_LDADD = cli/libcli.la worker/libexec_handler.la orchestrator/libsync_vault.la \
	libqueue/libpgqueue.la $(EVENT_LIBS) $(PQ_LIBS)
