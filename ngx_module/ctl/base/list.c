/*
 * Copyright (C) the Pupil authors
 *
 * What the lists of pupilctl share: their options, and how rows are shown, for
 * a person or for a machine.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/base/list.h"
#include "ctl/base/text.h"


#define LIMIT_DEFAULT   100
#define LIMIT_MAX       100000
#define SUBJECTS_SHOWN  3       /* in a line for a person */


static void list_json(const PGresult *res, const char *name,
    const char *const *columns);
static void list_text(const PGresult *res, const char *const *columns);
static void value_print(const char *column, const char *value);


int
ctl_limit_read(const ctl_t *ctl, char text[16])
{
    char  *end;
    long   n;

    n = LIMIT_DEFAULT;

    if (ctl->opt.limit != NULL) {
        n = strtol(ctl->opt.limit, &end, 10);

        if (*end != '\0' || n < 1 || n > LIMIT_MAX) {
            return ctl_error("--limit is 1 to %d", LIMIT_MAX);
        }
    }

    snprintf(text, 16, "%ld", n);

    return 0;
}


int
ctl_id_check(const char *text, const char *option)
{
    pupil_uuid_t  id;

    if (text != NULL && ctl_uuid_parse(text, &id) != 0) {
        return ctl_error("%s is no lower-case UUID", option);
    }

    return 0;
}


void
ctl_list_print(const ctl_t *ctl, const PGresult *res, const char *name,
    const char *const *columns)
{
    if (ctl->opt.json) {
        list_json(res, name, columns);
    } else {
        list_text(res, columns);
    }
}


static void
list_json(const PGresult *res, const char *name, const char *const *columns)
{
    int      n, c;
    json_t  *list, *entry, *value;

    list = json_array();

    for (n = 0; n < PQntuples(res); n++) {
        entry = json_object();

        for (c = 0; columns[c] != NULL; c++) {
            value = PQgetisnull(res, n, c) ? json_null()
                                           : json_string(PQgetvalue(res, n, c));
            json_object_set_new(entry, columns[c], value);
        }

        json_array_append_new(list, entry);
    }

    ctl_json_print(json_pack("{s:o}", name, list));
}


int
ctl_is_terminal(void)
{
    return isatty(STDOUT_FILENO);
}


static void
list_text(const PGresult *res, const char *const *columns)
{
    int  n, c;

    if (ctl_is_terminal()) {
        for (c = 0; columns[c] != NULL; c++) {
            printf("%s%s", c == 0 ? "" : "  ", columns[c]);
        }

        printf("\n%s", PQntuples(res) == 0 ? "(none)\n" : "");
    }

    for (n = 0; n < PQntuples(res); n++) {
        for (c = 0; columns[c] != NULL; c++) {
            fputs(c == 0 ? "" : "  ", stdout);
            value_print(columns[c], PQgetvalue(res, n, c));
        }

        putchar('\n');
    }
}


/* A whole class fills no line: its size is shown. */
static void
value_print(const char *column, const char *value)
{
    size_t       count;
    const char  *p;

    if (value[0] == '\0') {
        putchar('-');
        return;
    }

    if (strcmp(column, "subjects") == 0) {
        count = 1;

        for (p = value; *p != '\0'; p++) {
            if (*p == ' ') {
                count++;
            }
        }

        if (count > SUBJECTS_SHOWN) {
            printf("%zu subjects", count);
            return;
        }
    }

    fputs(value, stdout);
}
