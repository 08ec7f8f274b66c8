/*
 * Copyright (C) the Pupil authors
 *
 * When a trial ends says the role alone, under its MAC and its number
 * (invariants I18, I20): the row of pupil.trial says whom to look at.  A new
 * end is written under another number, so that no row of before brings the old
 * one back.
 */

#include <string.h>

#include "core/endpoints/login.h"
#include "core/vault/authentic.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/people/role.h"
#include "ctl/people/sign_up.h"
#include "ctl/people/status.h"
#include "ctl/people/trial.h"
#include "ctl/people/user.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/mail.h"
#include "ctl/store/notice.h"
#include "ctl/store/plugins.h"
#include "ctl/store/roles.h"
#include "ctl/store/turn.h"
#include "ctl/store/zone.h"


#define ROWS  "100"             /* of a run */

/* What the roles of somebody come to. */
typedef struct {
    int      counts;            /* one does, today or later */
    int      open;              /* without an end */
    int      ended;             /* a trial has */
    int32_t  last;              /* day of those that count */
} span_t;


static int trial_each(ctl_t *ctl, const PGresult *res, int row);
static int trial_look(ctl_t *ctl, ctl_whom_t *whom, pupil_str_t language);
static int trial_span(ctl_t *ctl, const pupil_uuid_t *subject, span_t *span);
static int trial_tell(ctl_t *ctl, const ctl_whom_t *whom, int32_t ends,
    pupil_str_t language);
static int trial_forget(ctl_t *ctl, const ctl_whom_t *whom);
static int trial_find(ctl_t *ctl, pupil_role_row_t *row);
static int trial_read(ctl_t *ctl, const json_t *role, pupil_role_row_t *row);
static int trial_put(ctl_t *ctl, pupil_role_row_t *row, int32_t until);


static const ctl_access_t  look_access = {
    .category = "enrolment",
    .fields = "role to",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};

#define DAY(n)  "(DATE '1970-01-01' + $" n "::integer)"

/* $1 tenant, $2 today, $3 the last day that is told now. */
static const char  due_sql[] =
    "SELECT subject, language FROM pupil.trial WHERE tenant = $1::uuid AND"
    " (ends < " DAY("2") " OR (ends <= " DAY("3") " AND told IS DISTINCT FROM"
    " ends)) ORDER BY ends, subject LIMIT " ROWS;


int
ctl_trial_add(ctl_t *ctl, const pupil_uuid_t *subject, int32_t ends,
    pupil_str_t language)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1], day[16];
    const char  *params[4];

    snprintf(day, sizeof(day), "%d", (int) ends);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(subject, id);
    params[2] = day;
    params[3] = (const char *) language.data;

    return ctl_exec(ctl->data, "INSERT INTO pupil.trial (tenant, subject, ends,"
                    " language) VALUES ($1::uuid, $2::uuid, " DAY("3") ", $4)"
                    " ON CONFLICT (tenant, subject) DO UPDATE SET ends ="
                    " EXCLUDED.ends, told = NULL", 4, params);
}


int
ctl_trials_work(ctl_t *ctl)
{
    char         today[16], soon[16];
    const char  *params[3];

    if (ctl_zone_load(ctl) != 0) {
        return -1;
    }

    snprintf(today, sizeof(today), "%d", (int) ctl->today);
    snprintf(soon, sizeof(soon), "%d", (int) ctl->today
                                       + PUPIL_SIGN_UP_NOTICE);

    params[0] = ctl->tenant_text;
    params[1] = today;
    params[2] = soon;

    return ctl_turn_rows(ctl, ctl_ask(ctl, ctl->data, due_sql, 3, params),
                         trial_each);
}


static int
trial_each(ctl_t *ctl, const PGresult *res, int row)
{
    ctl_whom_t  whom;

    memset(&whom, 0, sizeof(ctl_whom_t));

    if (ctl_get_uuid(res, row, 0, &whom.id) != 0) {
        return -1;
    }

    ctl_uuid_text(&whom.id, whom.text);

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           ? trial_look(ctl, &whom, ctl_get_str(res, row, 1)) : -1;
}


/* The row says only that it is time to look. */
static int
trial_look(ctl_t *ctl, ctl_whom_t *whom, pupil_str_t language)
{
    span_t  span;

    if (ctl_whom_read(ctl, &look_access, whom) != 0) {
        return -1;
    }

    if (ctl_whom_closed(whom)
        || ctl_whom_state(whom) == PUPIL_OWNER_STATE_ERASED)
    {
        return trial_forget(ctl, whom);
    }

    if (trial_span(ctl, &whom->id, &span) != 0) {
        return -1;
    }

    if (span.open) {
        return trial_forget(ctl, whom);     /* it is no trial any more */
    }

    if (span.counts) {
        return trial_tell(ctl, whom, span.last, language);
    }

    /*
     * Of who signed up, whose trial has ended, by rows that are authentic: no
     * other hand in this database closes anybody.  Once that is done, the next
     * round deletes the row.
     */
    return span.ended && strcmp(whom->source, CTL_SIGN_UP_SOURCE) == 0
           ? ctl_status_close(ctl, whom) : trial_forget(ctl, whom);
}


static int
trial_span(ctl_t *ctl, const pupil_uuid_t *subject, span_t *span)
{
    size_t       i;
    json_t      *roles, *role;
    int32_t      to;
    const char  *text;

    memset(span, 0, sizeof(span_t));

    roles = ctl_roles(ctl, &look_access, subject, NULL);
    if (roles == NULL) {
        return -1;
    }

    json_array_foreach(roles, i, role) {
        if (json_is_true(json_object_get(role, "revoked"))) {
            continue;
        }

        text = json_string_value(json_object_get(role, "to"));

        if (text == NULL) {
            span->open = 1;
            continue;
        }

        if (pupil_date_parse((const uint8_t *) text, strlen(text), &to)
            != PUPIL_OK)
        {
            continue;
        }

        if (to >= ctl->today) {
            span->last = span->counts && span->last > to ? span->last : to;
            span->counts = 1;
            continue;
        }

        text = json_string_value(json_object_get(role, "source"));
        span->ended |= strcmp(text, CTL_SIGN_UP_SOURCE) == 0;
    }

    json_decref(roles);

    return 0;
}


/* A notice and a mail, once for each end; of one that is far off nothing. */
static int
trial_tell(ctl_t *ctl, const ctl_whom_t *whom, int32_t ends,
    pupil_str_t language)
{
    char         day[16], told[16];
    const char  *params[4];
    pupil_str_t  none = { 0 };

    snprintf(day, sizeof(day), "%d", (int) ends);
    snprintf(told, sizeof(told), "%d", (int) ends);

    params[0] = ctl->tenant_text;
    params[1] = whom->text;
    params[2] = day;
    params[3] = ends - ctl->today <= PUPIL_SIGN_UP_NOTICE ? told : NULL;

    if (ctl_exec(ctl->data, "UPDATE pupil.trial SET ends = " DAY("3") ", told ="
                 " " DAY("4") " WHERE tenant = $1::uuid AND subject ="
                 " $2::uuid", 4, params) != 0)
    {
        return -1;
    }

    if (params[3] != NULL
        && (ctl_record_one(ctl, &look_access, "allowed", &whom->id,
                           "trial=told") != 0
            || ctl_notice(ctl, &whom->id, PUPIL_NOTICE_TRIAL_ENDS) != 0
            || ctl_mail_put(ctl, &whom->id, PUPIL_MAIL_TRIAL_ENDS, language,
                            none) != 0))
    {
        return -1;
    }

    return ctl_commit(ctl->data);
}


static int
trial_forget(ctl_t *ctl, const ctl_whom_t *whom)
{
    return ctl_trial_delete(ctl, &whom->id) == 0 ? ctl_commit(ctl->data) : -1;
}


int
ctl_trial_delete(ctl_t *ctl, const pupil_uuid_t *subject)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(subject, id);

    return ctl_exec(ctl->data, "DELETE FROM pupil.trial WHERE tenant ="
                    " $1::uuid AND subject = $2::uuid", 2, params);
}


int
ctl_cmd_user_trial(ctl_t *ctl)
{
    char              id[PUPIL_UUID_TEXT_LEN + 1];
    int32_t           until;
    const char       *day;
    pupil_role_row_t  row;

    day = ctl->args[1];

    until = PUPIL_DATE_NONE;

    if (strcmp(day, "none") != 0
        && pupil_date_parse((const uint8_t *) day, strlen(day), &until)
           != PUPIL_OK)
    {
        (void) ctl_error("DAY is the last day of the trial, as 2027-01-31, or"
                         " none");
        return CTL_USAGE;
    }

    memset(&row, 0, sizeof(pupil_role_row_t));

    if (ctl_user_write(ctl) != 0) {
        return CTL_FAILED;
    }

    if (until != PUPIL_DATE_NONE && until < ctl->today) {
        (void) ctl_error("that day is over: pupilctl subject close ends an"
                         " account now");
        return CTL_USAGE;
    }

    if (ctl_user_find(ctl, &ctl_role_access, &row.subject) != 0
        || trial_find(ctl, &row) != 0
        || ctl_role_record(ctl, &row, "trial") != 0
        || ctl_revoke_begin(ctl, &row.subject) != 0
        || trial_find(ctl, &row) != 0
        || trial_put(ctl, &row, until) != 0
        || ctl_commit(ctl->data) != 0
        || ctl_revoke_finish(ctl, &row.subject) != 0)
    {
        return CTL_FAILED;
    }

    ctl_uuid_text(&row.subject, id);

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s}", "id", id, "until", day));
    } else {
        printf("%s until %s\n", id, day);
    }

    return CTL_DONE;
}


static int
trial_find(ctl_t *ctl, pupil_role_row_t *row)
{
    int  rc;

    rc = ctl_trial_role(ctl, row);

    return rc == 0 ? ctl_error("this person has no role on trial")
           : rc < 0 ? -1 : 0;
}


int
ctl_trial_role(ctl_t *ctl, pupil_role_row_t *row)
{
    int          rc;
    size_t       i;
    json_t      *roles, *role;
    const char  *text;

    roles = ctl_roles(ctl, &ctl_role_access, &row->subject, NULL);
    if (roles == NULL) {
        return -1;
    }

    rc = 0;

    json_array_foreach(roles, i, role) {
        text = json_string_value(json_object_get(role, "source"));

        if (!json_is_true(json_object_get(role, "revoked"))
            && strcmp(text, CTL_SIGN_UP_SOURCE) == 0)
        {
            rc = trial_read(ctl, role, row) == 0 ? 1 : -1;
            break;
        }
    }

    json_decref(roles);

    return rc;
}


static int
trial_read(ctl_t *ctl, const json_t *role, pupil_role_row_t *row)
{
    const char  *text, *from, *to;

    text = json_string_value(json_object_get(role, "role"));
    row->role = ctl_str(ctl_pool_text(&ctl->pool, text, strlen(text)));
    row->source = ctl_str(CTL_SIGN_UP_SOURCE);
    row->valid_to = PUPIL_DATE_NONE;

    text = json_string_value(json_object_get(role, "institution"));
    from = json_string_value(json_object_get(role, "from"));
    to = json_string_value(json_object_get(role, "to"));

    return ctl_uuid_parse(text, &row->institution) == 0
           && pupil_date_parse((const uint8_t *) from, strlen(from),
                               &row->valid_from) == PUPIL_OK
           && (to == NULL
               || pupil_date_parse((const uint8_t *) to, strlen(to),
                                   &row->valid_to) == PUPIL_OK)
           ? 0 : ctl_error("a role that was signed is malformed");
}


/* A row that was there keeps its language. */
static int
trial_put(ctl_t *ctl, pupil_role_row_t *row, int32_t until)
{
    row->valid_to = until;

    if (until == PUPIL_DATE_NONE) {
        row->source = ctl_str("operator");
    }

    if (ctl_roles_replace(ctl, row, 1) != 0) {
        return -1;
    }

    return until == PUPIL_DATE_NONE
           ? ctl_trial_delete(ctl, &row->subject)
           : ctl_trial_add(ctl, &row->subject, until, ctl_str("en"));
}
