/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/roster/unnest.h"


void
roster_unnest_begin(roster_unnest_t *rows, unsigned count)
{
    unsigned  i;

    memset(rows, 0, sizeof(roster_unnest_t));
    rows->count = count;

    for (i = 0; i < count; i++) {
        ctl_array_begin(&rows->columns[i]);
    }
}


int
roster_unnest_exec(const roster_t *roster, roster_unnest_t *rows,
    const char *sql, const char *a, const char *b)
{
    int          n;
    unsigned     i;
    const char  *params[3 + ROSTER_UNNEST_COLUMNS];

    n = 0;
    params[n++] = roster->ctl->tenant_text;
    params[n++] = a;
    if (b != NULL) {
        params[n++] = b;
    }

    for (i = 0; i < rows->count; i++) {
        ctl_array_end(&rows->columns[i]);
        params[n++] = rows->columns[i].data;
    }

    return ctl_exec(roster->ctl->data, sql, n, params);
}


void
roster_unnest_free(roster_unnest_t *rows)
{
    unsigned  i;

    for (i = 0; i < rows->count; i++) {
        ctl_buf_free(&rows->columns[i]);
    }
}
