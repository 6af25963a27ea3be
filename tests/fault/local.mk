# SPDX-License-Identifier: MIT
# The library's objects are linked in, so that their allocations can be made to fail.
C_TESTS += tests/fault/test_alloc_client
tests_fault_test_alloc_client_LDADD = tests/libtestdb.la $(FAILALLOC_LIBS) $(UNIT_LIBS)
tests_fault_test_alloc_client_LDFLAGS = $(FAILALLOC_LDFLAGS)
