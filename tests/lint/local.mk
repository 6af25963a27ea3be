# SPDX-License-Identifier: MIT
SCRIPT_TESTS += tests/lint/banned.sh
SCRIPT_TESTS += tests/lint/exports.sh
SCRIPT_TESTS += tests/lint/format.sh
SCRIPT_TESTS += tests/lint/header.sh
SCRIPT_TESTS += tests/lint/includes.sh
SCRIPT_TESTS += tests/lint/manual.sh
SCRIPT_TESTS += tests/lint/size.sh
SCRIPT_TESTS += tests/lint/spdx.sh
SCRIPT_TESTS += tests/lint/sql.sh
EXTRA_DIST += tests/lint/code.py tests/lint/lint.sh
SCRIPT_TESTS += tests/lint/daemon_settings.sh
SCRIPT_TESTS += tests/lint/documents.py tests/lint/dist.sh
