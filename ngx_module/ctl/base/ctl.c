/*
 * Copyright (C) the Pupil authors
 *
 * What pupilctl says.
 */

#include <stdarg.h>
#include <stdio.h>

#include "ctl/base/ctl.h"


int
ctl_error(const char *format, ...)
{
    va_list  args;

    fputs("pupilctl: ", stderr);

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);

    fputc('\n', stderr);

    return -1;
}


void
ctl_note(const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);

    fputc('\n', stderr);
}


void
ctl_json_print(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', stdout);
    json_decref(json);
}
