# SPDX-License-Identifier: MIT
# The token vault and the JSON door, shared by the sync module and the command line.
noinst_LTLIBRARIES += orchestrator/libsync_vault.la
orchestrator_libsync_vault_la_SOURCES = \
	orchestrator/base64.c orchestrator/base64.h \
	orchestrator/json.c orchestrator/json.h \
	orchestrator/jsonscan.c orchestrator/jsonscan.h \
	orchestrator/vault.c orchestrator/vault.h
orchestrator_libsync_vault_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden $(CJSON_CFLAGS) $(CRYPTO_CFLAGS)
orchestrator_libsync_vault_la_LIBADD = $(CJSON_LIBS) $(CRYPTO_LIBS) -lm

# The sync module that pgqueued loads; everything in it is also in a private library for the tests.
noinst_LTLIBRARIES += orchestrator/libsync_module.la
orchestrator_libsync_module_la_SOURCES = \
	orchestrator/classify.c orchestrator/classify.h \
	orchestrator/db.c orchestrator/db.h \
	orchestrator/http.c orchestrator/http.h \
	orchestrator/import.c \
	orchestrator/module.c orchestrator/module.h \
	orchestrator/page.c orchestrator/page.h \
	orchestrator/plan.c \
	orchestrator/settings.c orchestrator/settings.h
orchestrator_libsync_module_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden $(PQ_CFLAGS) $(CURL_CFLAGS)
orchestrator_libsync_module_la_LIBADD = orchestrator/libsync_vault.la $(PQ_LIBS) $(CURL_LIBS) -lm

module_LTLIBRARIES += orchestrator/pgqueue_sync.la
orchestrator_pgqueue_sync_la_SOURCES =
orchestrator_pgqueue_sync_la_LDFLAGS = -module -avoid-version -shared -export-symbols-regex '^pgqueue_module_entry$$'
orchestrator_pgqueue_sync_la_LIBADD = orchestrator/libsync_module.la libqueue/libpgqueue.la

EXTRA_DIST += orchestrator/README.md
