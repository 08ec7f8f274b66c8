/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl audit export: events as lines of JSON in a file of their own, oldest
 * first, as many as there are.  That they were taken is on record before the
 * first is read.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "ctl/audit/export.h"
#include "ctl/audit/filter.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"


static FILE *file_open(const char *path);
static int export_write(ctl_t *ctl, FILE *file,
    const char *const params[FILTER_PARAMS]);
static int events_write(ctl_t *ctl, FILE *file, uint64_t *count);


static const char  events_sql[] =
    "DECLARE events NO SCROLL CURSOR FOR SELECT json_build_object("
    "'at', to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), 'actor', actor,"
    " 'role', role, 'institution', institution, 'category', category,"
    " 'fields', fields, 'purpose', purpose, 'relation', relation,"
    " 'operation', operation, 'outcome', outcome, 'subjects', subjects,"
    " 'network', network, 'request', request, 'note', note)::text"
    FILTER_SQL " ORDER BY at, request";


int
ctl_cmd_audit_export(ctl_t *ctl)
{
    int          rc, ended;
    FILE        *file;
    const char  *path;
    const char  *params[FILTER_PARAMS];

    path = ctl->args[0];

    if (audit_filter(ctl, params) != 0) {
        return CTL_USAGE;
    }

    if (audit_filter_open(ctl, &ended) != 0) {
        return CTL_FAILED;
    }

    file = file_open(path);
    if (file == NULL) {
        return CTL_FAILED;
    }

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         && audit_filter_record(ctl, "export", ended) == 0
         && ctl_commit(ctl->data) == 0
         ? export_write(ctl, file, params) : -1;

    if (fclose(file) != 0 && rc == 0) {
        rc = ctl_error("%s: %s", path, strerror(errno));
    }

    if (rc != 0) {
        (void) unlink(path);
    }

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/* Nothing that is there is written over. */
static FILE *
file_open(const char *path)
{
    int    fd;
    FILE  *file;

    fd = ctl_file_create(path, 0600);
    if (fd < 0) {
        return NULL;
    }

    file = fdopen(fd, "w");

    if (file == NULL) {
        ctl_error("%s: %s", path, strerror(errno));
    }

    return file;
}


static int
export_write(ctl_t *ctl, FILE *file, const char *const params[FILTER_PARAMS])
{
    int       rc;
    uint64_t  count;

    count = 0;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         && ctl_exec(ctl->data, events_sql, FILTER_PARAMS, params) == 0
         ? events_write(ctl, file, &count) : -1;

    ctl_rollback(ctl->data);

    if (rc == 0) {
        ctl_note("%" PRIu64 " event%s in %s", count, ctl_plural(count),
                 ctl->args[0]);
    }

    return rc;
}


static int
events_write(ctl_t *ctl, FILE *file, uint64_t *count)
{
    if (ctl_fetch_lines(ctl->data, "FETCH 1000 FROM events", file, count)
        != 0)
    {
        return -1;
    }

    return ferror(file) ? ctl_error("%s: cannot be written", ctl->args[0]) : 0;
}
