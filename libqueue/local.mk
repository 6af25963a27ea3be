# SPDX-License-Identifier: MIT
# libpgqueue.so; libpgqueue_all.la is the same objects with every symbol visible, for unit tests.
include_HEADERS += libqueue/pgqueue.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = libqueue/libpgqueue.pc
EXTRA_DIST += libqueue/libpgqueue.map

noinst_LTLIBRARIES += libqueue/libpgqueue_all.la
libqueue_libpgqueue_all_la_SOURCES = \
	libqueue/base/buf.c libqueue/base/buf.h \
	libqueue/base/clock.c libqueue/base/clock.h \
	libqueue/base/error.c libqueue/base/error.h \
	libqueue/base/log.c libqueue/base/log.h \
	libqueue/base/utf8.c libqueue/base/utf8.h \
	libqueue/db/answer.c libqueue/db/answer.h \
	libqueue/db/call.c libqueue/db/call.h \
	libqueue/db/conn.c libqueue/db/conn.h \
	libqueue/db/conninfo.c libqueue/db/conninfo.h \
	libqueue/db/hosts.c libqueue/db/hosts.h \
	libqueue/db/migrate.c libqueue/db/migrate.h \
	libqueue/db/param.c libqueue/db/param.h \
	libqueue/db/row.c libqueue/db/row.h \
	libqueue/db/stmt.c libqueue/db/stmt.h \
	libqueue/core/client.c libqueue/core/client.h \
	libqueue/core/fetch.c \
	libqueue/core/finish.c \
	libqueue/core/job.c libqueue/core/job.h \
	libqueue/core/options.c libqueue/core/options.h \
	libqueue/core/queue.c \
	libqueue/core/schedule.c \
	libqueue/core/send.c \
	libqueue/run/bell.c \
	libqueue/run/claim.c \
	libqueue/run/demand.c libqueue/run/demand.h \
	libqueue/run/dispatch.c \
	libqueue/run/loop.c libqueue/run/loop.h \
	libqueue/run/next.c \
	libqueue/run/place.c libqueue/run/place.h \
	libqueue/run/poll.c \
	libqueue/run/putoff.c \
	libqueue/run/session.c \
	libqueue/run/settle.c \
	libqueue/run/stop.c \
	libqueue/run/threads.c libqueue/run/threads.h \
	libqueue/run/worker.c libqueue/run/worker.h
nodist_libqueue_libpgqueue_all_la_SOURCES = migrations/queue_set.c
libqueue_libpgqueue_all_la_CFLAGS = $(AM_CFLAGS) $(PQ_CFLAGS) -fvisibility=hidden

lib_LTLIBRARIES += libqueue/libpgqueue.la
libqueue_libpgqueue_la_SOURCES =
libqueue_libpgqueue_la_LIBADD = libqueue/libpgqueue_all.la $(PQ_LIBS)
libqueue_libpgqueue_la_LDFLAGS = -version-info $(PGQUEUE_LT_VERSION) -no-undefined \
	-Wl,--version-script=$(top_srcdir)/libqueue/libpgqueue.map -Wl,--as-needed -Wl,-z,relro,-z,now
libqueue_libpgqueue_la_DEPENDENCIES = libqueue/libpgqueue_all.la $(top_srcdir)/libqueue/libpgqueue.map
