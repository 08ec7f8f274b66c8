/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl check nginx.conf: reads our directives, loads the plugins, composes
 * the statements of every location under its policy, prepares them as the role
 * that nginx will be, and compares databases and key file with what the
 * module expects.  The rules are core's, as they are of nginx -t.
 */

#include <string.h>

#include "ctl/check/found.h"


static nginxconf_t *
http_find(const nginxconf_t *root)
{
    nginxconf_t  *d;

    for (d = root->first; d != NULL; d = d->next) {
        if (d->block && strcmp(d->words[0], "http") == 0) {
            return d;
        }
    }

    return NULL;
}


/* Directives of http {} that handlers need. */
static void
needs_check(check_t *check)
{
    unsigned             need;
    pupil_error_t        error;
    const pupil_need_t  *row;

    for (need = 0; need < PUPIL_NEED_COUNT; need++) {
        row = &pupil_needs[need];

        if (!check->seen[row->directive]
            && (row->handler == 0 || check->seen[row->handler]))
        {
            (void) pupil_need_missing(need, &error);
            check_found_at(check, check->http, "%s", error.text);
        }
    }
}


static int
conf_read(check_t *check)
{
    const char  *path, *slash;

    path = check->ctl->args[0];

    check->root = nginxconf_read(&check->ctl->pool, path);
    if (check->root == NULL) {
        return -1;
    }

    slash = strrchr(path, '/');
    check->folder = slash == NULL ? "."
                    : ctl_pool_text(&check->ctl->pool, path,
                                    (size_t) (slash - path));

    check->http = http_find(check->root);

    return check->http != NULL ? 0
           : ctl_error("%s has no http block", path);
}


int
ctl_cmd_check(ctl_t *ctl)
{
    int      rc;
    check_t  check;

    memset(&check, 0, sizeof(check));
    check.ctl = ctl;
    check.findings = json_array();
    check.remarks = json_array();

    if (conf_read(&check) != 0) {
        json_decref(check.findings);
        json_decref(check.remarks);
        return CTL_FAILED;
    }

    check_directives(&check, check.root);
    check_accepted(&check);

    if (check.handlers == 0) {
        check_found(&check, "%s: no location has a handler of Pupil",
                    ctl->args[0]);
    }

    /* pupil_status alone needs nothing */

    if (check.used) {
        needs_check(&check);

        if (!ctl->opt.offline) {
            check_files(&check);
            check_databases(&check);
        }

        check_tenants(&check);
        check_plugins(&check);
        check_key(&check);
        check_fixed(&check);
    }

    check_locations(&check, check.root);

    PQfinish(check.conn[PUPIL_DATABASE_DATA]);
    PQfinish(check.conn[PUPIL_DATABASE_KEYSTORE]);

    rc = check_report(&check);
    json_decref(check.findings);
    json_decref(check.remarks);

    return rc;
}
