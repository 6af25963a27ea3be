/* SPDX-License-Identifier: MIT */
/* What a handler left in a job, made fit for a settle. */
#ifndef PGQI_CORE_JOB_H
#define PGQI_CORE_JOB_H

#include "db/param.h"
#include "db/row.h"

/* The word of settle() for an outcome. PGQUEUE_SETTLED and unknown ones: "retry". */
const char *pgqi_outcome_word(int outcome);

/* Appends the job's output as an element of a text array, null if it has none. */
void pgqi_job_add_output(struct params *p, const struct pgqueue_job *job);

/* Most bytes of an output. */
#define PGQI_OUTPUT_MAX ((size_t)1 << 20)

#endif
