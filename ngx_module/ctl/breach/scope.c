/*
 * Copyright (C) the Pupil authors
 *
 * Each run is remembered with the breach, in counts and by a hash, and the next
 * says who came and who went; whom the last one found is kept until the breach
 * is closed.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/breach/breach.h"
#include "ctl/breach/found.h"
#include "ctl/breach/reach.h"
#include "ctl/breach/scope.h"


static int scope_run(ctl_t *ctl, breach_asked_t *asked);
static int scope_begin(ctl_t *ctl, breach_asked_t *asked);
static int scope_keep(ctl_t *ctl, const breach_asked_t *asked,
    const json_t *found);
static int scope_file(ctl_t *ctl, const breach_asked_t *asked);
static void scope_answer(ctl_t *ctl, const breach_asked_t *asked,
    json_t *found, const char *hash);


static const char  next_sql[] =
    "SELECT coalesce(max(s.scope), 0) + 1 FROM pupil.breach_scope AS s"
    " WHERE s.breach = $1::integer";

static const char  keep_sql[] =
    "INSERT INTO pupil.breach_scope (tenant, breach, scope, asked, found, hash)"
    " VALUES ($1::uuid, $2::integer, $3::integer, $4, $5, decode($6, 'hex'))";

static const char  before_sql[] =
    "DELETE FROM pupil.breach_found WHERE breach = $1::integer"
    " AND scope < $2::integer";


int
ctl_cmd_breach_scope(ctl_t *ctl)
{
    int             rc;
    breach_asked_t  asked;

    memset(&asked, 0, sizeof(asked));
    asked.number = breach_number(ctl);

    rc = asked.number == NULL || breach_asked_read(ctl, &asked) != 0
         ? CTL_USAGE : CTL_DONE;

    if (rc == CTL_DONE
        && (breach_begin(ctl) != 0 || scope_run(ctl, &asked) != 0))
    {
        rc = CTL_FAILED;
    }

    breach_asked_free(&asked);

    return rc;
}


static int
scope_run(ctl_t *ctl, breach_asked_t *asked)
{
    int          rc;
    json_t      *found;
    const char  *hash;

    if (scope_begin(ctl, asked) != 0 || breach_asked_know(ctl, asked) != 0
        || breach_reach(ctl, asked) != 0)
    {
        return -1;
    }

    found = breach_found_read(ctl, asked);
    hash = breach_found_hash(ctl, asked);

    if (found == NULL || hash == NULL) {
        json_decref(found);
        return -1;
    }

    json_object_set_new(found, "hash", json_string(hash));

    rc = scope_keep(ctl, asked, found) == 0 && ctl_commit(ctl->data) == 0
         && scope_file(ctl, asked) == 0 ? 0 : -1;

    if (rc == 0) {
        scope_answer(ctl, asked, found, hash);
    }

    json_decref(found);

    return rc;
}


static int
scope_begin(ctl_t *ctl, breach_asked_t *asked)
{
    PGresult    *res;
    const char  *params[1];

    res = breach_read(ctl, asked->number, 1);
    if (res == NULL) {
        return -1;
    }

    PQclear(res);
    params[0] = asked->number;

    res = ctl_query_one(ctl->data, next_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    asked->scope = ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, 0),
                                 (size_t) PQgetlength(res, 0, 0));
    PQclear(res);

    return 0;
}


static int
scope_keep(ctl_t *ctl, const breach_asked_t *asked, const json_t *found)
{
    int          rc;
    char        *by, *what;
    json_t      *json;
    const char  *params[6];

    json = breach_asked_json(ctl, asked);
    by = json_dumps(json, JSON_COMPACT);
    what = json_dumps(found, JSON_COMPACT);
    json_decref(json);

    params[0] = ctl->tenant_text;
    params[1] = asked->number;
    params[2] = asked->scope;
    params[3] = by;
    params[4] = what;
    params[5] = json_string_value(json_object_get(found, "hash"));

    rc = by == NULL || what == NULL ? ctl_error("out of memory")
         : ctl_exec(ctl->data, keep_sql, 6, params);

    free(by);
    free(what);

    return rc == 0 && ctl_exec(ctl->data, before_sql, 2, params + 1) == 0
           ? breach_record(ctl, PUPIL_OPERATION_READ, asked->number,
                           ctl->opt.to != NULL ? "scope file" : "scope") : -1;
}


/* That it was taken is on record before it is. */
static int
scope_file(ctl_t *ctl, const breach_asked_t *asked)
{
    int          fd, rc;
    FILE        *file;
    const char  *path;

    path = ctl->opt.to;

    if (path == NULL) {
        return 0;
    }

    fd = ctl_file_create(path, 0600);
    if (fd < 0) {
        return -1;
    }

    file = fdopen(fd, "w");
    if (file == NULL) {
        (void) close(fd);
        return ctl_error("%s: %s", path, strerror(errno));
    }

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         ? breach_found_write(ctl, asked->number, file) : -1;

    ctl_rollback(ctl->data);

    if (fclose(file) != 0 && rc == 0) {
        rc = ctl_error("%s: %s", path, strerror(errno));
    }

    if (rc != 0) {
        (void) unlink(path);
    }

    return rc;
}


static void
scope_answer(ctl_t *ctl, const breach_asked_t *asked, json_t *found,
    const char *hash)
{
    json_int_t  came, went;

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:I,s:I,s:o,s:O}",
                                 "breach", (json_int_t) strtol(asked->number,
                                                               NULL, 10),
                                 "scope", (json_int_t) strtol(asked->scope,
                                                              NULL, 10),
                                 "asked", breach_asked_json(ctl, asked),
                                 "found", found));
        return;
    }

    came = json_integer_value(json_object_get(found, "came"));
    went = json_integer_value(json_object_get(found, "went"));

    printf("breach %s, scope %s\n", asked->number, asked->scope);
    breach_found_print(found);

    if (strcmp(asked->scope, "1") != 0) {
        printf("since the scope before: %lld came, %lld went\n",
               (long long) came, (long long) went);
    }

    printf("hash %s\n", hash);
}
