# SPDX-License-Identifier: MIT
# What needs no database, shared by the command and its unit tests.
noinst_LTLIBRARIES += cli/libcli.la
cli_libcli_la_SOURCES = \
	cli/buffer.c cli/buffer.h \
	cli/help.c \
	cli/jsonout.c cli/jsonout.h \
	cli/nearest.c \
	cli/options.c cli/options.h \
	cli/table.c cli/output.h \
	cli/text.c cli/text.h \
	cli/values.c
cli_libcli_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
