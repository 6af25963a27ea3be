# SPDX-License-Identifier: MIT
C_TESTS += tests/fuzz/fuzz_daemon
tests_fuzz_fuzz_daemon_LDADD = worker/libpgqueued.la libqueue/libpgqueue.la
