# SPDX-License-Identifier: MIT
C_TESTS += tests/integration/test_testdb_c
tests_integration_test_testdb_c_LDADD = $(SQL_LIBS)

SCRIPT_TESTS += tests/integration/test_testdb_python.py

SCRIPT_TESTS += tests/integration/test_testdb_shell.sh
