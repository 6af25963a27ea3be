# SPDX-License-Identifier: MIT
# The manual pages. Their sources lie beside the programs; the rendered pages are part of a release, so that who
# builds one needs no scdoc. A checkout without scdoc builds without them (configure says so).
man_pages = \
	cli/pgqueue.1 \
	libqueue/pgqueue.3 \
	sandbox/pgqueue-sandbox.1 \
	worker/pgqueued.1 \
	worker/pgqueued.5

if HAVE_MANUALS
dist_man_MANS += $(man_pages)
endif

# Another page: a line above, and one among these.
cli/pgqueue.1: cli/pgqueue.1.scd
	$(man_render)
libqueue/pgqueue.3: libqueue/pgqueue.3.scd
	$(man_render)
sandbox/pgqueue-sandbox.1: sandbox/pgqueue-sandbox.1.scd
	$(man_render)
worker/pgqueued.1: worker/pgqueued.1.scd
	$(man_render)
worker/pgqueued.5: worker/pgqueued.5.scd
	$(man_render)

# The date of a page is that of its source, which makes the page reproducible.
man_render = $(AM_V_GEN)test -n '$(SCDOC)' || { echo 'scdoc is needed to render $@' >&2; exit 1; }; \
	$(MKDIR_P) $(@D) && src='$(top_srcdir)/$@.scd' && \
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-`date -r "$$src" +%s`} '$(SCDOC)' <"$$src" >$@.tmp && mv $@.tmp $@

# What a release holds, for a test.
print-dist:
	@for f in $(DISTFILES); do printf '%s\n' "$${f#'$(top_srcdir)'/}"; done
.PHONY: print-dist

MAINTAINERCLEANFILES = $(man_pages)
EXTRA_DIST += $(man_pages:=.scd) \
	docs/architecture.md \
	docs/cron.md \
	docs/distributed.sql \
	docs/scaling.md \
	docs/operations.md \
	docs/performance.md \
	docs/growth-backlog.svg docs/growth-batch.svg docs/growth-payload.svg docs/growth-queues.svg docs/growth-workers.svg \
	docs/sustained.svg \
	migrations/README.md
