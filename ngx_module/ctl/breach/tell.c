/*
 * Copyright (C) the Pupil authors
 *
 * Some at a time, each of them with the notice, that they were told, and the
 * record in one transaction: killed anywhere, it goes on where it was, and
 * nobody is told twice.
 */

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/breach/breach.h"
#include "ctl/breach/tell.h"
#include "ctl/store/notice.h"
#include "ctl/store/record.h"


#define SOME  "50"              /* people in a transaction */


static int tell_some(ctl_t *ctl, const char *number, int shown);
static int tell_each(ctl_t *ctl, const char *number, const PGresult *res);
static int tell_answer(ctl_t *ctl, const char *number, int shown);


/* $2: of whom something is on record alone. */
#define OF_THESE                                                              \
    " FROM pupil.breach_found AS f JOIN pupil.subject AS s"                   \
    " ON s.subject = f.subject JOIN pupil.owner AS o ON o.owner = f.subject"  \
    " WHERE f.breach = $1::integer AND (f.how <> 'could' OR NOT $2::boolean)"

/* Whose account is closed, or who was erased, reads no notice. */
static const char  next_sql[] =
    "SELECT DISTINCT f.subject" OF_THESE
    " AND s.status <> 'closed' AND o.state <> 'erased' AND NOT EXISTS"
    " (SELECT FROM pupil.breach_told AS t WHERE t.breach = f.breach"
    " AND t.subject = f.subject) ORDER BY f.subject LIMIT " SOME;

static const char  told_sql[] =
    "INSERT INTO pupil.breach_told (tenant, breach, subject, at)"
    " VALUES ($1::uuid, $2::integer, $3::uuid, now())";

static const char  count_sql[] =
    "UPDATE pupil.breach SET told = told + $2::bigint, told_at = now()"
    " WHERE breach = $1::integer";

static const char  left_sql[] =
    "SELECT count(DISTINCT f.subject)" OF_THESE
    " AND (s.status = 'closed' OR o.state = 'erased')";


static const ctl_access_t  tell_access = {
    .category = "notice",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
breach_tell(ctl_t *ctl, const char *number, int shown)
{
    int  told;

    do {
        told = tell_some(ctl, number, shown);
    } while (told > 0);

    return told == 0 ? tell_answer(ctl, number, shown) : -1;
}


/* In the transaction that is open; another is then.  How many, or -1. */
static int
tell_some(ctl_t *ctl, const char *number, int shown)
{
    int          told;
    PGresult    *res;
    const char  *params[2];

    res = breach_read(ctl, number, 1);
    if (res == NULL) {
        return -1;
    }

    PQclear(res);
    params[0] = number;
    params[1] = shown ? "true" : "false";

    res = ctl_query(ctl->data, next_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    told = PQntuples(res);

    if (told != 0
        && (tell_each(ctl, number, res) != 0 || ctl_commit(ctl->data) != 0
            || ctl_begin(ctl->data, &ctl->tenant) != 0))
    {
        told = -1;
    }

    PQclear(res);

    return told;
}


static int
tell_each(ctl_t *ctl, const char *number, const PGresult *res)
{
    int            n, rc;
    char           count[16];
    ctl_buf_t      subjects;
    const char    *params[3], *counted[2];
    pupil_uuid_t   subject;

    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);

    params[0] = ctl->tenant_text;
    params[1] = number;

    for (n = 0, rc = 0; rc == 0 && n < PQntuples(res); n++) {
        params[2] = PQgetvalue(res, n, 0);

        rc = ctl_get_uuid(res, n, 0, &subject) == 0
             && ctl_exec(ctl->data, told_sql, 3, params) == 0
             ? ctl_notice(ctl, &subject, PUPIL_NOTICE_DATA_BREACH) : -1;

        if (rc == 0) {
            ctl_array_uuid(&subjects, &subject);
        }
    }

    ctl_array_end(&subjects);

    (void) snprintf(count, sizeof(count), "%d", PQntuples(res));
    counted[0] = number;
    counted[1] = count;

    if (rc == 0) {
        rc = ctl_exec(ctl->data, count_sql, 2, counted) == 0
             ? ctl_record(ctl, &tell_access, "allowed", subjects.data,
                          "breach told") : -1;
    }

    ctl_buf_free(&subjects);

    return rc;
}


static int
tell_answer(ctl_t *ctl, const char *number, int shown)
{
    json_t      *json;
    PGresult    *res, *left;
    const char  *params[2];

    params[0] = number;
    params[1] = shown ? "true" : "false";

    left = ctl_query_one(ctl->data, left_sql, 2, params);
    res = left != NULL ? breach_read(ctl, number, 0) : NULL;

    if (res == NULL || ctl_commit(ctl->data) != 0) {
        PQclear(left);
        PQclear(res);
        return -1;
    }

    if (ctl->opt.json) {
        json = breach_json(res, 0);
        json_object_set_new(json, "unreached", json_integer(
            ctl_get_int(left, 0, 0, 0)));
        ctl_json_print(json);

    } else {
        printf("breach %s: %s told by a notice; %s whose accounts are closed,"
               " or who were erased, are not\n", number,
               PQgetvalue(res, 0, BREACH_TOLD), PQgetvalue(left, 0, 0));
    }

    PQclear(left);
    PQclear(res);

    return 0;
}
