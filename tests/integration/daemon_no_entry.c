/* SPDX-License-Identifier: MIT */
/* A shared object that is no handler module. */
int daemon_no_entry(void);
int daemon_no_entry(void)
{
    return 0;
}
