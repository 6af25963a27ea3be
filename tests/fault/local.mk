# SPDX-License-Identifier: MIT
# The library's objects are linked in, so that their allocations can be made to fail.
C_TESTS += tests/fault/test_alloc_client
tests_fault_test_alloc_client_LDADD = tests/libtestdb.la $(FAILALLOC_LIBS) $(UNIT_LIBS)
tests_fault_test_alloc_client_LDFLAGS = $(FAILALLOC_LDFLAGS)

# Imports while everything around them is killed.
SCRIPT_TESTS += tests/fault/test_import_storm.py
