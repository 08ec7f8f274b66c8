/*
 * Copyright (C) the Pupil authors
 *
 * A breach is opened once it was noticed, and the clock of article 33(1) runs
 * from that.  None is ever deleted: the authority may ask for it (33(5)).
 */

#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/breach/breach.h"
#include "ctl/breach/register.h"


#define TEXT_MAX  2000          /* bytes */


static int open_check(const ctl_t *ctl);
static int text_check(const char *text, const char *what);
static int open_write(ctl_t *ctl, const char **number);
static void shown_print(const PGresult *res, const PGresult *scopes);
static json_t *scopes_json(const PGresult *scopes);
static void line_print(const PGresult *res, int time, int text,
    const char *what);


/* Two at once would take one number, and the later fails. */
static const char  open_sql[] =
    "INSERT INTO pupil.breach (tenant, breach, what, reference, since, until,"
    " noticed_at) SELECT $1::uuid, coalesce(max(b.breach), 0) + 1, $2, $3,"
    " $4::timestamptz, $5::timestamptz, coalesce($6::timestamptz, now())"
    " FROM pupil.breach AS b RETURNING breach";

static const char  close_sql[] =
    "UPDATE pupil.breach SET closed_at = now(), reason = $2"
    " WHERE breach = $1::integer";

static const char  scopes_sql[] =
    "SELECT s.scope, " BREACH_TIME("s.made_at") ", s.asked, s.found,"
    " s.found::json ->> 'subjects' FROM pupil.breach_scope AS s"
    " WHERE s.breach = $1::integer ORDER BY s.scope";

/* Of scopes_sql. */
enum {
    SCOPE_NUMBER = 0,
    SCOPE_MADE,
    SCOPE_ASKED,
    SCOPE_FOUND,
    SCOPE_SUBJECTS
};

/* Whom it reached is of no use any more: how many they were stays. */
static const char  found_end_sql[] =
    "DELETE FROM pupil.breach_found WHERE breach = $1::integer";
static const char  told_end_sql[] =
    "DELETE FROM pupil.breach_told WHERE breach = $1::integer";


int
ctl_cmd_breach_open(ctl_t *ctl)
{
    const char  *number;

    if (open_check(ctl) != 0) {
        return CTL_USAGE;
    }

    return breach_begin(ctl) == 0 && open_write(ctl, &number) == 0
           && breach_record(ctl, PUPIL_OPERATION_WRITE, number, "opened") == 0
           && breach_answer(ctl, number) == 0 ? CTL_DONE : CTL_FAILED;
}


static int
open_check(const ctl_t *ctl)
{
    pupil_time_t          since, until, noticed;
    const ctl_options_t  *opt;

    opt = &ctl->opt;
    since = 0;
    until = PUPIL_TIME_MAX;
    noticed = ctl_now();

    if (text_check(ctl->args[0], "what is known") != 0
        || ctl_reference_given(ctl) != 0
        || text_check(opt->reference, "--reference") != 0)
    {
        return -1;
    }

    if (opt->since == NULL) {
        return ctl_error("--since TIME: the earliest that it may have begun");
    }

    if (breach_time(opt->since, "--since", &since) != 0
        || breach_time(opt->until, "--until", &until) != 0
        || breach_time(opt->noticed, "--noticed", &noticed) != 0)
    {
        return -1;
    }

    if (until <= since) {
        return ctl_error("--until is after --since");
    }

    return noticed >= since && noticed <= ctl_now() ? 0
           : ctl_error("--noticed is after --since, and not to come");
}


static int
text_check(const char *text, const char *what)
{
    if (text[0] == '\0') {
        return ctl_error("say %s", what);
    }

    return strlen(text) <= TEXT_MAX ? 0
           : ctl_error("%s is longer than %d bytes", what, TEXT_MAX);
}


static int
open_write(ctl_t *ctl, const char **number)
{
    PGresult    *res;
    const char  *params[6];

    params[0] = ctl->tenant_text;
    params[1] = ctl->args[0];
    params[2] = ctl->opt.reference;
    params[3] = ctl->opt.since;
    params[4] = ctl->opt.until;
    params[5] = ctl->opt.noticed;

    res = ctl_query_one(ctl->data, open_sql, 6, params);
    if (res == NULL) {
        return -1;
    }

    *number = ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, 0),
                            strlen(PQgetvalue(res, 0, 0)));
    PQclear(res);

    return 0;
}


int
ctl_cmd_breach_list(ctl_t *ctl)
{
    int         rc;
    PGresult   *res;
    ctl_buf_t   sql;

    if (breach_begin(ctl) != 0) {
        return CTL_FAILED;
    }

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "SELECT %s FROM pupil.breach AS b ORDER BY b.breach",
                   breach_columns_sql);
    res = ctl_query(ctl->data, sql.data, 0, NULL);
    ctl_buf_free(&sql);

    rc = CTL_FAILED;

    if (res != NULL
        && breach_record(ctl, PUPIL_OPERATION_READ, NULL, "list") == 0
        && ctl_commit(ctl->data) == 0)
    {
        ctl_list_print(ctl, res, "breaches", breach_names);
        rc = CTL_DONE;
    }

    PQclear(res);

    return rc;
}


int
ctl_cmd_breach_show(ctl_t *ctl)
{
    int          rc;
    json_t      *json;
    PGresult    *res, *scopes;
    const char  *params[1];

    params[0] = breach_number(ctl);
    if (params[0] == NULL) {
        return CTL_USAGE;
    }

    if (breach_begin(ctl) != 0) {
        return CTL_FAILED;
    }

    res = breach_read(ctl, params[0], 0);
    scopes = res != NULL ? ctl_query(ctl->data, scopes_sql, 1, params) : NULL;

    rc = scopes != NULL
         && breach_record(ctl, PUPIL_OPERATION_READ, params[0], "shown") == 0
         && ctl_commit(ctl->data) == 0 ? CTL_DONE : CTL_FAILED;

    if (rc == CTL_DONE && ctl->opt.json) {
        json = breach_json(res, 0);
        json_object_set_new(json, "scopes", scopes_json(scopes));
        ctl_json_print(json);

    } else if (rc == CTL_DONE) {
        shown_print(res, scopes);
    }

    PQclear(scopes);
    PQclear(res);

    return rc;
}


static json_t *
scopes_json(const PGresult *scopes)
{
    int      n;
    json_t  *list;

    list = json_array();

    for (n = 0; n < PQntuples(scopes); n++) {
        json_array_append_new(list, json_pack("{s:i,s:s,s:o,s:o}",
            "scope", ctl_get_int(scopes, n, SCOPE_NUMBER, 0),
            "made_at", PQgetvalue(scopes, n, SCOPE_MADE),
            "asked", json_loads(PQgetvalue(scopes, n, SCOPE_ASKED), 0, NULL),
            "found", json_loads(PQgetvalue(scopes, n, SCOPE_FOUND), 0, NULL)));
    }

    return list;
}


static void
shown_print(const PGresult *res, const PGresult *scopes)
{
    int  n;

    printf("breach %s: %s\n", PQgetvalue(res, 0, BREACH_NUMBER),
           PQgetvalue(res, 0, BREACH_STATE));
    printf("reference: %s\n", PQgetvalue(res, 0, BREACH_REFERENCE));
    printf("what is known: %s\n", PQgetvalue(res, 0, BREACH_WHAT));
    printf("since %s", PQgetvalue(res, 0, BREACH_SINCE));

    if (PQgetisnull(res, 0, BREACH_UNTIL)) {
        printf(", it goes on\n");
    } else {
        printf(" until %s\n", PQgetvalue(res, 0, BREACH_UNTIL));
    }

    printf("noticed %s, the authority is to be notified by %s\n",
           PQgetvalue(res, 0, BREACH_NOTICED), PQgetvalue(res, 0, BREACH_DUE));

    for (n = 0; n < PQntuples(scopes); n++) {
        printf("scope %s, %s: %s people, by %s\n",
               PQgetvalue(scopes, n, SCOPE_NUMBER),
               PQgetvalue(scopes, n, SCOPE_MADE),
               PQgetvalue(scopes, n, SCOPE_SUBJECTS),
               PQgetvalue(scopes, n, SCOPE_ASKED));
    }

    line_print(res, BREACH_AUTHORITY, BREACH_AUTHORITY_REFERENCE, "notified");

    if (!PQgetisnull(res, 0, BREACH_TOLD_AT)) {
        printf("told %s here, the last %s\n", PQgetvalue(res, 0, BREACH_TOLD),
               PQgetvalue(res, 0, BREACH_TOLD_AT));
    }

    line_print(res, BREACH_CLOSED, BREACH_REASON, "closed");
}


static void
line_print(const PGresult *res, int time, int text, const char *what)
{
    if (!PQgetisnull(res, 0, time)) {
        printf("%s %s: %s\n", what, PQgetvalue(res, 0, time),
               PQgetvalue(res, 0, text));
    }
}


int
ctl_cmd_breach_close(ctl_t *ctl)
{
    PGresult    *res;
    const char  *number, *params[2];

    number = breach_number(ctl);

    if (number == NULL) {
        return CTL_USAGE;
    }

    if (ctl->opt.reason == NULL) {
        ctl_error("--reason TEXT: why it is closed, and where the authority was"
                  " not notified, why not");
        return CTL_USAGE;
    }

    if (text_check(ctl->opt.reason, "--reason") != 0) {
        return CTL_USAGE;
    }

    if (breach_begin(ctl) != 0) {
        return CTL_FAILED;
    }

    res = breach_read(ctl, number, 1);
    if (res == NULL) {
        return CTL_FAILED;
    }

    PQclear(res);
    params[0] = number;
    params[1] = ctl->opt.reason;

    return ctl_exec(ctl->data, close_sql, 2, params) == 0
           && ctl_exec(ctl->data, found_end_sql, 1, params) == 0
           && ctl_exec(ctl->data, told_end_sql, 1, params) == 0
           && breach_record(ctl, PUPIL_OPERATION_WRITE, number, "closed") == 0
           && breach_answer(ctl, number) == 0 ? CTL_DONE : CTL_FAILED;
}
