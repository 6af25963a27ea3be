# SPDX-License-Identifier: MIT
C_TESTS += tests/integration/test_testdb_c
tests_integration_test_testdb_c_LDADD = $(SQL_LIBS)

SCRIPT_TESTS += tests/integration/test_testdb_python.py

SCRIPT_TESTS += tests/integration/test_testdb_shell.sh

# The provider's sandbox; sandbox.py is also for the importer's tests.
SCRIPT_TESTS += tests/integration/test_sandbox_faults.py \
	tests/integration/test_sandbox_generated.py \
	tests/integration/test_sandbox_paging.py \
	tests/integration/test_sandbox_program.py
EXTRA_DIST += tests/sandbox.py

# The sync application in SQL.
SCRIPT_TESTS += tests/integration/test_sync_page.py \
	tests/integration/test_sync_plan.py
