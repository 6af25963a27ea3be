/* SPDX-License-Identifier: MIT */
/* The failing allocations themselves: that each allocation of a stretch fails
 * once, and only those of our objects. */
#include "failalloc.h"
#include "tap.h"

/* Three allocations; everything is given back whichever fails. */
static int stretch(void)
{
    int rc = -1;
    char *b = NULL;
    char *c = NULL;
    char *a = malloc(10);
    if (a == NULL)
        goto out;
    b = strdup("b");
    if (b == NULL)
        goto out;
    c = realloc(a, 1000);
    if (c == NULL)
        goto out;
    a = c;
    rc = 0;
out:
    free(a);
    free(b);
    return rc;
}

int main(void)
{
    long failures = 0;
    long rounds = 0;
    for (failalloc_start(); failalloc_next(); rounds++) {
        int rc = stretch();
        failalloc_off();
        if (rc != 0)
            failures++;
        if ((rc != 0) != failalloc_hit())
            diag("round %ld answered %d", failalloc_round(), rc);
    }
    is_int(failures, 3, "each of three allocations fails once");
    is_int(rounds, 4, "the last round sees none fail");
    is_int(stretch(), 0, "afterwards none fails");
    return done();
}
