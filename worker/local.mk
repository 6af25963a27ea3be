# SPDX-License-Identifier: MIT
# The handler that runs a command per job, shared by pgqueued and `pgqueue work --exec`.
noinst_LTLIBRARIES += worker/libexec_handler.la
worker_libexec_handler_la_SOURCES = worker/exec.c worker/exec.h worker/spawn.c worker/spawn.h
worker_libexec_handler_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
worker_libexec_handler_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
worker_libexec_handler_la_LIBADD = $(EVENT_LIBS)
