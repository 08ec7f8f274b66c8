/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>
#include <unistd.h>

#include "ctl/roster/progress.h"


#define CLEAR  "\033[K"         /* the rest of the line */


void
roster_progress(const char *what, size_t done, size_t all)
{
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%-14s %zu of %zu" CLEAR, what, done, all);
    }
}


void
roster_progress_end(void)
{
    if (isatty(STDERR_FILENO)) {
        fputs("\r" CLEAR, stderr);
    }
}
