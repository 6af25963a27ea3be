/* SPDX-License-Identifier: MIT */
/* What the command line asked for. */
#ifndef SANDBOX_OPTIONS_H
#define SANDBOX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include "user.h"

enum { OPTIONS_GO_ON = -1, OPTIONS_USERS_MAX = 1000, OPTIONS_FAULTS_MAX = 100 };

/* The texts are borrowed from argv. */
struct options {
    struct sockaddr_storage address;
    socklen_t address_len;
    const char *unix_path; /* NULL: a TCP address */
    const char *port_file, *data, *log;
    struct users_options users;
    int64_t delay_ms;
    const char *user_args[OPTIONS_USERS_MAX]; /* TOKEN=SPEC */
    size_t n_user_args;
    const char *fault_args[OPTIONS_FAULTS_MAX];
    size_t n_fault_args;
};

/* Returns OPTIONS_GO_ON or the exit status; what there is to say has been printed. */
int options_parse(int argc, char **argv, struct options *options);

#endif
