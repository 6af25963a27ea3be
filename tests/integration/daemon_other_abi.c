/* SPDX-License-Identifier: MIT */
/* A handler module that was built for another ABI. */
#include <pgqueue.h>

const pgqueue_module pgqueue_module_entry = {.abi = PGQUEUE_MODULE_ABI + 1, .name = "other"};
