/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/breach/breach.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define NUMBER_DIGITS  9
#define DETAIL_SIZE    64


const char *const  breach_names[] = {
    [BREACH_NUMBER] = "breach",
    [BREACH_STATE] = "state",
    [BREACH_NOTICED] = "noticed_at",
    [BREACH_DUE] = "due_at",
    [BREACH_SINCE] = "since",
    [BREACH_UNTIL] = "until",
    [BREACH_REFERENCE] = "reference",
    [BREACH_WHAT] = "what",
    [BREACH_AUTHORITY] = "authority_at",
    [BREACH_AUTHORITY_REFERENCE] = "authority_reference",
    [BREACH_TOLD] = "told",
    [BREACH_TOLD_AT] = "told_at",
    [BREACH_CLOSED] = "closed_at",
    [BREACH_REASON] = "reason",
    [BREACH_COLUMNS] = NULL
};

/* 72 hours: article 33(1). */
const char  breach_columns_sql[] =
    "b.breach, CASE WHEN b.closed_at IS NOT NULL THEN 'closed'"
    " WHEN b.authority_at IS NOT NULL THEN 'notified'"
    " WHEN b.noticed_at + interval '72 hours' < now() THEN 'late'"
    " ELSE 'open' END, " BREACH_TIME("b.noticed_at") ", "
    BREACH_TIME("(b.noticed_at + interval '72 hours')") ", "
    BREACH_TIME("b.since") ", " BREACH_TIME("b.until")
    ", b.reference, b.what, " BREACH_TIME("b.authority_at")
    ", b.authority_reference, b.told, " BREACH_TIME("b.told_at") ", "
    BREACH_TIME("b.closed_at") ", b.reason";


const char *
breach_number(const ctl_t *ctl)
{
    size_t       len;
    const char  *text;

    text = ctl->args[0];
    len = strlen(text);

    if (len == 0 || len > NUMBER_DIGITS || text[0] == '0'
        || strspn(text, "0123456789") != len)
    {
        (void) ctl_error("%s is not the number of a breach: pupilctl breach"
                         " list", text);
        return NULL;
    }

    return text;
}


int
breach_time(const char *text, const char *option, pupil_time_t *out)
{
    if (text != NULL
        && pupil_time_parse((const uint8_t *) text, strlen(text), out)
           != PUPIL_OK)
    {
        return ctl_error("%s is a time such as 2026-11-21T08:00:00Z", option);
    }

    return 0;
}


int
breach_begin(ctl_t *ctl)
{
    return ctl_plugins_open(ctl) == 0 && ctl_keys_tenant(ctl) == 0
           ? ctl_begin(ctl->data, &ctl->tenant) : -1;
}


PGresult *
breach_read(ctl_t *ctl, const char *number, int open)
{
    PGresult    *res;
    ctl_buf_t    sql;
    const char  *params[1];

    params[0] = number;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "SELECT %s FROM pupil.breach AS b WHERE b.breach ="
                   " $1::integer FOR NO KEY UPDATE", breach_columns_sql);
    res = ctl_query(ctl->data, sql.data, 1, params);
    ctl_buf_free(&sql);

    if (res == NULL) {
        return NULL;
    }

    if (PQntuples(res) == 1
        && (!open || PQgetisnull(res, 0, BREACH_CLOSED)))
    {
        return res;
    }

    if (PQntuples(res) == 1) {
        (void) ctl_error("breach %s is closed", number);
    } else {
        (void) ctl_error("there is no breach %s: pupilctl breach list", number);
    }

    PQclear(res);

    return NULL;
}


int
breach_record(ctl_t *ctl, uint32_t operation, const char *number,
    const char *done)
{
    char          detail[DETAIL_SIZE];
    ctl_access_t  access = {
        .category = "breach",
        .fields = "",
        .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
        .about = "none"
    };

    access.operation = operation;

    (void) snprintf(detail, sizeof(detail), "%s%s%s%s",
                    number != NULL ? "breach=" : "",
                    number != NULL ? number : "", number != NULL ? " " : "",
                    done);

    return ctl_record_one(ctl, &access, "allowed", NULL, detail);
}


json_t *
breach_json(const PGresult *res, int row)
{
    int      c;
    json_t  *out, *value;

    out = json_object();

    for (c = 0; c < BREACH_COLUMNS; c++) {
        value = PQgetisnull(res, row, c) ? json_null()
                : c == BREACH_NUMBER || c == BREACH_TOLD
                ? json_integer(ctl_get_int(res, row, c, 0))
                : json_string(PQgetvalue(res, row, c));
        json_object_set_new(out, breach_names[c], value);
    }

    return out;
}


int
breach_answer(ctl_t *ctl, const char *number)
{
    PGresult  *res;

    res = breach_read(ctl, number, 0);
    if (res == NULL || ctl_commit(ctl->data) != 0) {
        PQclear(res);
        return -1;
    }

    if (ctl->opt.json) {
        ctl_json_print(breach_json(res, 0));

    } else {
        printf("breach %s: %s, the authority is to be notified by %s (GDPR"
               " article 33)\n", number, PQgetvalue(res, 0, BREACH_STATE),
               PQgetvalue(res, 0, BREACH_DUE));
    }

    PQclear(res);

    return 0;
}
