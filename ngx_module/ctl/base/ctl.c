/*
 * Copyright (C) the Pupil authors
 *
 * What pupilctl says.
 */

#include <stdarg.h>
#include <stdio.h>

#include "ctl/base/ctl.h"


#define ERROR_SIZE  8192        /* what is longer is cut: memory may be short */


int
ctl_error(const char *format, ...)
{
    char     text[ERROR_SIZE];
    va_list  args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    fputs("pupilctl: ", stderr);
    ctl_print_line(stderr, text);

    return -1;
}


void
ctl_print_line(FILE *out, const char *text)
{
    const unsigned char  *p;

    for (p = (const unsigned char *) text; *p != '\0'; p++) {

        if (*p == '\n' || *p == '\t') {
            fputc(' ', out);

        } else if (*p < 0x20 || *p == 0x7f) {
            fprintf(out, "\\x%02x", *p);

        } else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
            fprintf(out, "\\x%02x", *++p);

        } else {
            fputc(*p, out);
        }
    }

    fputc('\n', out);
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


int
ctl_reference_given(const ctl_t *ctl)
{
    return ctl->opt.reference != NULL && ctl->opt.reference[0] != '\0' ? 0
           : ctl_error("--reference is needed: by which decision, without a"
                       " name");
}
