# SPDX-License-Identifier: MIT
SCRIPT_TESTS += tests/unit/test_tap.sh

# The scripts.
SCRIPT_TESTS += tests/unit/test_dev.sh

C_TESTS += tests/unit/test_failalloc
tests_unit_test_failalloc_LDADD = $(FAILALLOC_LIBS)
tests_unit_test_failalloc_LDFLAGS = $(FAILALLOC_LDFLAGS)

C_TESTS += tests/unit/test_cli_options
tests_unit_test_cli_options_LDADD = cli/libcli.la

C_TESTS += tests/unit/test_cli_table
tests_unit_test_cli_table_LDADD = cli/libcli.la

# The sync module: private libraries, no database.
C_TESTS += tests/unit/test_classify tests/unit/test_sync_json tests/unit/test_vault
tests_unit_test_classify_LDADD = orchestrator/libsync_module.la
tests_unit_test_sync_json_LDADD = orchestrator/libsync_vault.la
tests_unit_test_vault_LDADD = orchestrator/libsync_vault.la

# The daemon.
C_TESTS += tests/unit/test_daemon_config
tests_unit_test_daemon_config_LDADD = worker/libpgqueued.la libqueue/libpgqueue.la

C_TESTS += tests/unit/test_daemon_http
tests_unit_test_daemon_http_LDADD = worker/libpgqueued.la libqueue/libpgqueue.la

C_TESTS += tests/unit/test_daemon_log
tests_unit_test_daemon_log_LDADD = worker/libpgqueued.la libqueue/libpgqueue.la
