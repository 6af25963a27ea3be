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
