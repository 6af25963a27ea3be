# SPDX-License-Identifier: MIT
SCRIPT_TESTS += tests/unit/test_tap.sh

C_TESTS += tests/unit/test_failalloc
tests_unit_test_failalloc_LDADD = $(FAILALLOC_LIBS)
tests_unit_test_failalloc_LDFLAGS = $(FAILALLOC_LDFLAGS)

C_TESTS += tests/unit/test_cli_options
tests_unit_test_cli_options_LDADD = cli/libcli.la

C_TESTS += tests/unit/test_cli_table
tests_unit_test_cli_table_LDADD = cli/libcli.la
