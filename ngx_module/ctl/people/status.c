/*
 * Copyright (C) the Pupil authors
 *
 * The status of an account, which its row says under a MAC.  To take away is
 * to revoke (invariant I18): what is written goes under another number, so that
 * nobody puts the row of an active account, or a session, back.  To open a
 * closed account is so, too: by the row of a closed one it would be erased.
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/people/status.h"
#include "ctl/store/floors.h"
#include "ctl/store/numbers.h"
#include "ctl/store/recovery.h"
#include "ctl/store/revoked.h"
#include "ctl/store/subject.h"
#include "ctl/store/turn.h"
#include "ctl/store/whom.h"


typedef struct {
    const char          *status;
    const char          *detail;        /* for the record */
    const ctl_access_t  *access;
    int                  gives;         /* what is stored is read back */
    int                  revokes;

    /* of recovery, NULL: nothing; in the transaction, and once it is there */
    int                (*data)(ctl_t *ctl, const ctl_whom_t *whom);
    int                (*keys)(ctl_t *ctl, const ctl_whom_t *whom);
} change_t;


static int status_change(ctl_t *ctl, const change_t *change);
static int user_change(ctl_t *ctl, const change_t *change);
static int status_apply(ctl_t *ctl, const change_t *change, ctl_whom_t *whom,
    int *changed);
static int status_record(ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change);
static int status_changes(const ctl_whom_t *whom, const change_t *change);
static int status_set(ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change, const pupil_floors_t *floors);
static int status_stored(ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change, uint32_t number);
static int status_tampered(ctl_t *ctl, const ctl_whom_t *whom);
static int status_refuse(ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change);
static const char *refusal(const ctl_whom_t *whom, const change_t *change);
static int status_revoke(ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change, const pupil_floors_t *floors, uint32_t *number);
static int status_lost(ctl_t *ctl, const ctl_whom_t *whom, json_t *lost);
static void status_print(const ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change, int changed, json_t *lost);


static const ctl_access_t  status_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const ctl_access_t  reopen_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_RECOVERY,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const change_t  change_lock = {
    .status = "locked",
    .detail = "status=locked",
    .access = &status_access,
    .revokes = 1
};

static const change_t  change_unlock = {
    .status = "active",
    .detail = "status=active",
    .access = &status_access,
    .gives = 1
};

static const change_t  change_close = {
    .status = "closed",
    .detail = "status=closed",
    .access = &status_access,
    .revokes = 1,
    .data = ctl_recovery_note,
    .keys = ctl_recovery_begin
};

static const change_t  change_reopen = {
    .status = "active",
    .detail = "status=reopened",
    .access = &reopen_access,
    .gives = 1,
    .revokes = 1,
    .data = ctl_recovery_back,
    .keys = ctl_recovery_end
};


int
ctl_cmd_subject_lock(ctl_t *ctl)
{
    return status_change(ctl, &change_lock);
}


int
ctl_cmd_subject_unlock(ctl_t *ctl)
{
    return status_change(ctl, &change_unlock);
}


int
ctl_cmd_subject_close(ctl_t *ctl)
{
    return status_change(ctl, &change_close);
}


int
ctl_cmd_subject_reopen(ctl_t *ctl)
{
    return status_change(ctl, &change_reopen);
}


int
ctl_cmd_user_lock(ctl_t *ctl)
{
    return user_change(ctl, &change_lock);
}


int
ctl_cmd_user_unlock(ctl_t *ctl)
{
    return user_change(ctl, &change_unlock);
}


static int
user_change(ctl_t *ctl, const change_t *change)
{
    if (ctl->opt.login != NULL) {
        return CTL_USAGE;
    }

    ctl->opt.login = ctl->args[0];
    ctl->args_count = 0;

    return status_change(ctl, change);
}


static int
status_change(ctl_t *ctl, const change_t *change)
{
    int          changed;
    json_t      *lost;
    ctl_whom_t   whom;

    if (ctl_whom_words(ctl, &whom) != 0) {
        return CTL_USAGE;
    }

    if (ctl_whom_find(ctl, change->access, &whom) != 0) {
        return CTL_FAILED;
    }

    /* signed anew, no roster takes it for an account that a roster closed */

    if (change == &change_lock && ctl_whom_closed(&whom)) {
        change = &change_close;
    }

    /* what goes through both databases has no roster in between */

    if ((change->keys != NULL && ctl_turn_share(ctl) != 0)
        || status_apply(ctl, change, &whom, &changed) != 0)
    {
        return CTL_FAILED;
    }

    lost = change == &change_reopen ? json_array() : NULL;

    if (lost != NULL && status_lost(ctl, &whom, lost) != 0) {
        json_decref(lost);
        return CTL_FAILED;
    }

    status_print(ctl, &whom, change, changed, lost);

    return CTL_DONE;
}


int
ctl_status_close(ctl_t *ctl, ctl_whom_t *whom)
{
    int  changed;

    return ctl_whom_read(ctl, change_close.access, whom) == 0
           ? status_apply(ctl, &change_close, whom, &changed) : -1;
}


/*
 * The row is read again once nobody else can revoke anything of theirs.  It is
 * on record before anything is signed: ctl_revoke_begin() commits the record
 * (invariant I19).
 */
static int
status_apply(ctl_t *ctl, const change_t *change, ctl_whom_t *whom,
    int *changed)
{
    pupil_floors_t  floors;

    if (status_refuse(ctl, whom, change) != 0
        || status_record(ctl, whom, change) != 0
        || ctl_revoke_begin(ctl, &whom->id) != 0
        || ctl_floors_read(ctl, &whom->id, &floors) != 0
        || ctl_whom_read(ctl, change->access, whom) != 0
        || status_refuse(ctl, whom, change) != 0)
    {
        return -1;
    }

    *changed = status_changes(whom, change);

    /* what seems to be done may be a row of before: to revoke is done anew */
    return ((*changed || change->revokes)
            && status_set(ctl, whom, change, &floors) != 0)
           || ctl_commit(ctl->data) != 0
           || ctl_revoke_finish(ctl, &whom->id) != 0
           || (change->keys != NULL && change->keys(ctl, whom) != 0)
           ? -1 : 0;
}


static int
status_record(ctl_t *ctl, const ctl_whom_t *whom, const change_t *change)
{
    return ctl_record_one(ctl, change->access, "allowed", &whom->id,
                          change->detail);
}


/* Whoever was killed between the two databases has left one of them. */
static int
status_changes(const ctl_whom_t *whom, const change_t *change)
{
    if (strcmp(whom->status, change->status) != 0 || whom->revoked) {
        return 1;
    }

    if (change == &change_close) {
        return whom->data != PUPIL_OWNER_STATE_RECOVERY
               || whom->keys != PUPIL_OWNER_STATE_RECOVERY;
    }

    return ctl_whom_state(whom) == PUPIL_OWNER_STATE_RECOVERY;
}


static int
status_refuse(ctl_t *ctl, const ctl_whom_t *whom, const change_t *change)
{
    int          over;
    const char  *why;

    why = refusal(whom, change);

    if (why == NULL && change == &change_reopen) {
        over = ctl_recovery_over(ctl, whom);

        if (over < 0) {
            return -1;
        }

        why = over ? "the time in which this account could be opened again is"
                     " over" : NULL;
    }

    if (why == NULL) {
        return 0;
    }

    (void) ctl_whom_refuse(ctl, change->access, whom, change->detail);

    return ctl_error("%s", why);
}


/*
 * Nobody comes back from closed by a command that anybody may mistype.  What a
 * row says that was revoked is no reason to open an account: it may have been
 * closed since.
 */
static const char *
refusal(const ctl_whom_t *whom, const change_t *change)
{
    int  closed;

    if (ctl_whom_state(whom) == PUPIL_OWNER_STATE_ERASED) {
        return "this person was erased";
    }

    closed = ctl_whom_closed(whom);

    if (change == &change_reopen) {
        return closed ? NULL : "this account is not closed";
    }

    if (closed && change != &change_close) {
        return "this account is closed: pupilctl subject reopen opens it"
               " again";
    }

    return whom->revoked && !change->revokes
           ? "the row of this account was revoked, as a restored backup has"
             " it: pupilctl subject lock or close says anew what it is"
           : NULL;
}


static int
status_set(ctl_t *ctl, const ctl_whom_t *whom, const change_t *change,
    const pupil_floors_t *floors)
{
    uint32_t  number;

    if (ctl_subject_status(ctl, &whom->id, whom->source, change->status,
                           floors->authority) != 0
        || (change->data != NULL && change->data(ctl, whom) != 0))
    {
        return -1;
    }

    number = floors->authority;

    if (change->revokes
        && status_revoke(ctl, whom, change, floors, &number) != 0)
    {
        return -1;
    }

    return change->gives ? status_stored(ctl, whom, change, number) : 0;
}


/*
 * Read back: somebody may keep the row as it was, or write another.  What takes
 * away does not count on it, as the floors rise.
 */
static int
status_stored(ctl_t *ctl, const ctl_whom_t *whom, const change_t *change,
    uint32_t number)
{
    int          stored;
    char         text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    uint8_t      mac[PUPIL_MAC_LEN];
    PGresult    *res;
    const char  *params[4];

    if (ctl_subject_mac(ctl, &whom->id, whom->source, change->status, number,
                        mac)
        != 0)
    {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = whom->text;
    params[2] = change->status;
    params[3] = ctl_bytea(mac, pupil_mac_len(mac), text);

    res = ctl_query(ctl->data, "SELECT FROM pupil.subject WHERE tenant ="
                    " $1::uuid AND subject = $2::uuid AND status = $3 AND mac"
                    " = $4::bytea", 4, params);
    if (res == NULL) {
        return -1;
    }

    stored = PQntuples(res) == 1;
    PQclear(res);

    return stored ? 0 : status_tampered(ctl, whom);
}


/* On record, and nothing else. */
static int
status_tampered(ctl_t *ctl, const ctl_whom_t *whom)
{
    ctl_rollback(ctl->data);

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_record_one(ctl, &status_access, "tampered", &whom->id,
                          "row=subject") != 0
        || ctl_commit(ctl->data) != 0)
    {
        return -1;
    }

    return ctl_error("the data database has not what was written to it:"
                     " somebody changes it meanwhile, and the audit says whose"
                     " it is: see pupilctl check, and run this again");
}


/* *number: the one that the row goes under. */
static int
status_revoke(ctl_t *ctl, const ctl_whom_t *whom, const change_t *change,
    const pupil_floors_t *floors, uint32_t *number)
{
    uint8_t          mac[PUPIL_MAC_LEN];
    ctl_row_t        left = { .table = CTL_ROW_SUBJECT, .subject = whom->id };
    pupil_floors_t   to = { 0 };
    ctl_authority_t  list[1] = {
        { .subject = whom->id, .floor = floors->authority }
    };

    if (ctl_number_take(ctl, &whom->id, CTL_FLOOR_SESSION, &to) != 0
        || ctl_numbers_take(ctl, list, 1) != 0
        || ctl_subject_mac(ctl, &whom->id, whom->source, change->status,
                           list[0].number, mac) != 0)
    {
        return -1;
    }

    *number = list[0].number;
    ctl_revoked(ctl, &left, mac);

    if (ctl_sessions_end(ctl, &whom->id) != 0
        || ctl_revoke_authority(ctl, list, 1) != 0)
    {
        return -1;
    }

    return ctl_revoke_open(ctl, &whom->id, &to);
}


/*
 * Categories of names that a roster has taken from who left, for others: their
 * fingerprints are empty until a roster gives them one again.
 */
static int
status_lost(ctl_t *ctl, const ctl_whom_t *whom, json_t *lost)
{
    int          n;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = whom->text;

    res = ctl_ask(ctl, ctl->data, "SELECT category FROM pupil.imported WHERE"
                  " tenant = $1::uuid AND owner = $2::uuid AND fingerprint"
                  " = ''::bytea ORDER BY category", 2, params);
    if (res == NULL) {
        return -1;
    }

    for (n = 0; n < PQntuples(res); n++) {
        json_array_append_new(lost, json_string(PQgetvalue(res, n, 0)));
    }

    PQclear(res);

    return 0;
}


/* Takes what was lost, NULL where nothing can be. */
static void
status_print(const ctl_t *ctl, const ctl_whom_t *whom, const change_t *change,
    int changed, json_t *lost)
{
    size_t   i;
    json_t  *category;

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:s,s:b,s:o*}", "id", whom->text,
                                 "before", whom->status,
                                 "status", change->status,
                                 "changed", changed, "lost", lost));
        return;
    }

    printf("%s %s%s%s\n", whom->text, change->status,
           changed ? ", was " : "", changed ? whom->status : "");

    json_array_foreach(lost, i, category) {
        printf("its %s is free since, or somebody else's: the next roster"
               " that has this person gives one\n",
               strcmp(json_string_value(category), "credential") == 0
               ? "log-in name" : "address");
    }

    json_decref(lost);
}
