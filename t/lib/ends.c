/*
 * Copyright (C) the Pupil authors
 *
 * Lets a process of PostgreSQL end without tidying up after its libraries: it
 * is loaded before the C library.  Each backend has some thirty of them, which
 * free and write what is gone a moment later; that was a third of the
 * processor time of a connection.  What PostgreSQL itself does at its end is
 * done before it calls exit().
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


typedef void (*exit_pt)(int code);


static int  of_server;


/* Not of what the server starts, such as a command of archive_command. */
__attribute__((constructor)) static void
ends_begin(void)
{
    of_server = strcmp(program_invocation_short_name, "postgres") == 0;
}


__attribute__((noreturn)) void
exit(int code)
{
    exit_pt  proper;

    if (!of_server) {
        proper = (exit_pt) dlsym(RTLD_NEXT, "exit");

        if (proper != NULL) {
            proper(code);
        }
    }

    (void) fflush(NULL);
    _exit(code);
}
