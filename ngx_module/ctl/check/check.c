/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl check nginx.conf: loads the plugins that it names, composes the
 * statements of every location under its policy, prepares them as the role
 * that nginx will be, and compares databases and key file with what the
 * module expects.  The rules are core's, as they are of nginx -t.
 */

#include <stdlib.h>
#include <string.h>

#include "core/endpoints/directive.h"
#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/check/found.h"


static nginxconf_t *
child_find(const nginxconf_t *parent, const char *name)
{
    nginxconf_t  *d;

    for (d = parent->first; d != NULL; d = d->next) {
        if (strcmp(d->words[0], name) == 0) {
            return d;
        }
    }

    return NULL;
}


/* As nginx has it: from the folder of the main file. */
static const char *
path_full(check_t *check, const char *path)
{
    char        *full;
    ctl_buf_t    buf = { NULL, 0, 0 };
    const char  *found;

    if (path[0] == '/') {
        return path;
    }

    ctl_buf_printf(&buf, "%s/%s", check->folder, path);
    full = realpath(buf.data, NULL);

    found = full != NULL ? full : buf.data;
    path = ctl_pool_text(&check->ctl->pool, found, strlen(found));

    free(full);
    ctl_buf_free(&buf);

    return path;
}


static void
plugin_read(check_t *check, const nginxconf_t *d)
{
    ctl_t             *ctl;
    unsigned           i;
    const char        *path;
    pupil_str_t       *words;
    pupil_error_t      error;
    pupil_category_t  *category;

    ctl = check->ctl;

    if (d->count < 2) {
        check_found_at(check, d, "pupil_plugin names no file");
        return;
    }

    words = ctl_pool_alloc(&ctl->pool, d->count * sizeof(pupil_str_t));

    for (i = 2; i < d->count; i++) {
        words[i - 2] = ctl_str(d->words[i]);
    }

    path = path_full(check, d->words[1]);

    if (pupil_directive_plugin(&ctl->policy, path, words, d->count - 2,
                               &ctl->alloc, &category, &error) != PUPIL_OK)
    {
        check_found_at(check, d, "%s", error.text);
        return;
    }

    ctl->plugin_files[ctl->policy.count - 1] = path;
}


static void
plugins_read(check_t *check)
{
    nginxconf_t  *d;

    for (d = check->http->first; d != NULL; d = d->next) {
        if (strcmp(d->words[0], "pupil_plugin") == 0) {
            plugin_read(check, d);
        }
    }
}


/* The words behind the conninfo. */
static void
keystore_read(check_t *check, const nginxconf_t *d)
{
    unsigned       i;
    pupil_error_t  error;

    for (i = 2; i < d->count; i++) {
        if (pupil_directive_keystore(ctl_str(d->words[i]),
                                     &check->same_cluster, &error)
            != PUPIL_OK)
        {
            check_found_at(check, d, "%s", error.text);
        }
    }
}


/* A directive of http that a handler needs; NULL, and a finding. */
static nginxconf_t *
need_find(check_t *check, pupil_need_id_t need)
{
    nginxconf_t    *d;
    pupil_error_t   error;

    d = child_find(check->http, pupil_needs[need].directive);

    if (d == NULL || d->count < 2) {
        (void) pupil_need_missing(need, &error);
        check_found_at(check, check->http, "%s", error.text);
        return NULL;
    }

    return d;
}


static void
http_read(check_t *check)
{
    nginxconf_t  *d;

    d = need_find(check, PUPIL_NEED_DATABASE);
    if (d != NULL) {
        check->conninfo[PUPIL_DATABASE_DATA] = d->words[1];
    }

    d = need_find(check, PUPIL_NEED_KEYSTORE);
    if (d != NULL) {
        check->conninfo[PUPIL_DATABASE_KEYSTORE] = d->words[1];
        keystore_read(check, d);
    }

    d = need_find(check, PUPIL_NEED_MASTER_KEY);
    if (d != NULL) {
        check->master_key = path_full(check, d->words[1]);
    }

    if (need_find(check, PUPIL_NEED_PLUGIN) != NULL) {
        plugins_read(check);
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

    check->http = child_find(check->root, "http");
    if (check->http == NULL || !check->http->block) {
        return ctl_error("%s has no http block", path);
    }

    http_read(check);

    return 0;
}


int
ctl_cmd_check(ctl_t *ctl)
{
    int      rc;
    check_t  check;

    memset(&check, 0, sizeof(check));
    check.ctl = ctl;
    check.findings = json_array();

    if (conf_read(&check) != 0) {
        json_decref(check.findings);
        return CTL_FAILED;
    }

    check_databases(&check);
    check_plugins(&check);
    check_key(&check);
    check_fixed(&check);
    check_locations(&check, check.root);

    if (check.locations == 0) {
        check_found(&check, "%s: no location has a handler of Pupil",
                    ctl->args[0]);
    }

    PQfinish(check.conn[PUPIL_DATABASE_DATA]);
    PQfinish(check.conn[PUPIL_DATABASE_KEYSTORE]);

    rc = check_report(&check);
    json_decref(check.findings);

    return rc;
}
