/*
 * Copyright (C) the Pupil authors
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/base/text.h"
#include "ctl/check/found.h"


#define FOUND_SIZE  1024


static void
found_add(json_t *list, const char *place, const char *format, va_list args)
{
    size_t  len;
    char    text[FOUND_SIZE];

    snprintf(text, sizeof(text), "%s", place);
    len = strlen(text);
    vsnprintf(text + len, sizeof(text) - len, format, args);

    for (len = strlen(text); len > 0 && text[len - 1] == '\n'; len--) {
        text[len - 1] = '\0';
    }

    json_array_append_new(list, json_string(text));
}


void
check_found(check_t *check, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    found_add(check->findings, "", format, args);
    va_end(args);
}


void
check_remark(check_t *check, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    found_add(check->remarks, "", format, args);
    va_end(args);
}


void
check_found_at(check_t *check, const nginxconf_t *d, const char *format, ...)
{
    char     place[FOUND_SIZE];
    va_list  args;

    snprintf(place, sizeof(place), "%s:%u: ", d->file, d->line);

    va_start(args, format);
    found_add(check->findings, place, format, args);
    va_end(args);
}


int
check_report(const check_t *check)
{
    size_t   i, n;
    json_t  *entry;

    n = json_array_size(check->findings);

    if (check->ctl->opt.json) {
        ctl_json_print(json_pack("{s:b,s:i,s:i,s:O,s:O}", "ok", n == 0,
                                 "locations", (int) check->locations,
                                 "statements", (int) check->statements,
                                 "findings", check->findings,
                                 "remarks", check->remarks));

    } else {
        json_array_foreach(check->findings, i, entry) {
            ctl_print_line(stdout, json_string_value(entry));
        }

        json_array_foreach(check->remarks, i, entry) {
            ctl_print_line(stderr, json_string_value(entry));
        }

        printf("%s: %u location%s, %u statement%s, %zu finding%s\n",
               check->ctl->args[0],
               check->locations, ctl_plural(check->locations),
               check->statements, ctl_plural(check->statements),
               n, ctl_plural(n));
    }

    return n == 0 ? CTL_DONE : CTL_FAILED;
}
