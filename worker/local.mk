# SPDX-License-Identifier: MIT
# The handler that runs a command per job, shared by pgqueued and `pgqueue work --exec`.
noinst_LTLIBRARIES += worker/libexec_handler.la
worker_libexec_handler_la_SOURCES = worker/exec.c worker/exec.h worker/spawn.c worker/spawn.h
worker_libexec_handler_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
worker_libexec_handler_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
worker_libexec_handler_la_LIBADD = $(EVENT_LIBS)

# All of the daemon but its main(), for the unit tests, too.
noinst_LTLIBRARIES += worker/libpgqueued.la
worker_libpgqueued_la_SOURCES = \
	worker/config.c worker/config.h \
	worker/config_check.c worker/config_check.h \
	worker/config_load.c worker/config_load.h \
	worker/config_text.c \
	worker/conninfo.c worker/conninfo.h \
	worker/crash.c worker/crash.h \
	worker/crew.c worker/crew.h \
	worker/cron.c worker/cron.h \
	worker/front.c worker/front.h \
	worker/handler_name.c worker/handler_name.h \
	worker/host.c worker/host.h \
	worker/http.c worker/http.h \
	worker/ini.c worker/ini.h \
	worker/jsontext.c worker/jsontext.h \
	worker/keys.c worker/keys.h \
	worker/listen.c worker/listen.h \
	worker/log.c worker/log.h \
	worker/metrics.c worker/metrics.h \
	worker/module.c worker/module.h \
	worker/nearest.c worker/nearest.h \
	worker/notify.c worker/notify.h \
	worker/observer.c worker/observer.h \
	worker/pages.c worker/pages.h \
	worker/process.c worker/process.h \
	worker/redact.c worker/redact.h \
	worker/registry.c worker/registry.h \
	worker/reload.c worker/reload.h \
	worker/request.c worker/request.h \
	worker/shared.c worker/shared.h \
	worker/supervisor.c worker/supervisor.h \
	worker/value.c worker/value.h
worker_libpgqueued_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE -DPKGLIBDIR='"$(pkglibdir)"'
worker_libpgqueued_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
worker_libpgqueued_la_LIBADD = worker/libexec_handler.la $(EVENT_LIBS)

bin_PROGRAMS += worker/pgqueued
worker_pgqueued_SOURCES = worker/main.c
worker_pgqueued_LDADD = worker/libpgqueued.la libqueue/libpgqueue.la

include_HEADERS += libqueue/pgqueue_libevent.h

dist_doc_DATA = worker/pgqueued.ini.example
systemdsystemunit_DATA = worker/pgqueued.service
CLEANFILES += worker/pgqueued.service
EXTRA_DIST += worker/pgqueued.service.in
# [@]: configure would put its own text for the mark into this rule.
worker/pgqueued.service: worker/pgqueued.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) worker && $(SED) -e 's,[@]bindir[@],$(bindir),g' -e 's,[@]sysconfdir[@],$(sysconfdir),g' \
		<$(top_srcdir)/worker/pgqueued.service.in >$@.new && mv $@.new $@
