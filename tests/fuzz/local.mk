# SPDX-License-Identifier: MIT
C_TESTS += tests/fuzz/fuzz_daemon
tests_fuzz_fuzz_daemon_LDADD = worker/libpgqueued.la libqueue/libpgqueue.la

# Targets of the driver that replays a corpus and mutations of it (fuzz.h).
FUZZ = tests/fuzz/fuzz.c tests/fuzz/fuzz.h
C_TESTS += tests/fuzz/fuzz_json tests/fuzz/fuzz_utf8 tests/fuzz/fuzz_vault
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(FUZZ)
tests_fuzz_fuzz_json_LDADD = orchestrator/libsync_vault.la
tests_fuzz_fuzz_utf8_SOURCES = tests/fuzz/fuzz_utf8.c $(FUZZ)
tests_fuzz_fuzz_utf8_LDADD = $(UNIT_LIBS)
tests_fuzz_fuzz_vault_SOURCES = tests/fuzz/fuzz_vault.c $(FUZZ)
tests_fuzz_fuzz_vault_LDADD = orchestrator/libsync_vault.la
EXTRA_DIST += tests/fuzz/corpus
