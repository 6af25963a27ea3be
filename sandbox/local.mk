# SPDX-License-Identifier: MIT
bin_PROGRAMS += sandbox/pgqueue-sandbox
sandbox_pgqueue_sandbox_SOURCES = \
	sandbox/access_log.c sandbox/access_log.h \
	sandbox/admin.c sandbox/admin.h \
	sandbox/checkin.c sandbox/checkin.h \
	sandbox/checkins.c sandbox/checkins.h \
	sandbox/exchange.c sandbox/exchange.h \
	sandbox/fault.c sandbox/fault.h \
	sandbox/generated.c sandbox/generated.h \
	sandbox/history.c sandbox/history.h \
	sandbox/json.c sandbox/json.h \
	sandbox/main.c \
	sandbox/misbehave.c sandbox/misbehave.h \
	sandbox/number.c sandbox/number.h \
	sandbox/options.c sandbox/options.h \
	sandbox/page.c sandbox/page.h \
	sandbox/random.h \
	sandbox/recorded.c sandbox/recorded.h \
	sandbox/report.c sandbox/report.h \
	sandbox/sandbox.h \
	sandbox/server.c sandbox/server.h \
	sandbox/shout.c sandbox/shout.h \
	sandbox/user.c sandbox/user.h \
	sandbox/venue.c sandbox/venue.h
sandbox_pgqueue_sandbox_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(CJSON_CFLAGS)
sandbox_pgqueue_sandbox_LDADD = $(EVENT_LIBS) $(CJSON_LIBS)
EXTRA_DIST += sandbox/pgqueue-sandbox.1.scd
