/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"
#include "ctl/store/whom.h"


static int whom_login(ctl_t *ctl, ctl_whom_t *whom);
static int whom_row(ctl_t *ctl, ctl_whom_t *whom);
static int whom_authentic(ctl_t *ctl, const ctl_whom_t *whom,
    pupil_str_t stored);
static int whom_floor(ctl_t *ctl, ctl_whom_t *whom);
static int whom_keys(ctl_t *ctl, ctl_whom_t *whom);
static int record_end(ctl_t *ctl, const ctl_access_t *access,
    const char *outcome, const pupil_uuid_t *subject, const char *detail);


/* Whom unknown log-in names meet is nobody. */
static const char  row_sql[] =
    "SELECT s.status, s.source, s.mac, o.state FROM pupil.subject AS s"
    " JOIN pupil.owner AS o ON o.tenant = s.tenant AND o.owner = s.subject"
    " JOIN pupil.tenant AS t ON t.tenant = s.tenant"
    " WHERE s.tenant = $1::uuid AND s.subject = $2::uuid"
    " AND t.decoy <> s.subject";

enum {
    ROW_STATUS = 0,
    ROW_SOURCE,
    ROW_MAC,
    ROW_STATE
};

/* What whom_row() found. */
enum {
    FOUND_NOBODY = 0,
    FOUND,
    FOUND_CHANGED
};


int
ctl_whom_words(ctl_t *ctl, ctl_whom_t *whom)
{
    memset(whom, 0, sizeof(ctl_whom_t));

    if ((ctl->args_count == 1) == (ctl->opt.login != NULL)) {
        return ctl_error("say whom: an ID, or --login NAME");
    }

    if (ctl->args_count == 1 && ctl_uuid_parse(ctl->args[0], &whom->id) != 0) {
        return ctl_error("ID is no lower-case UUID");
    }

    return 0;
}


int
ctl_whom_find(ctl_t *ctl, const ctl_access_t *access, ctl_whom_t *whom)
{
    int  rc;

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return -1;
    }

    rc = whom_login(ctl, whom);

    if (rc == 0 && record_end(ctl, access, "not_found", NULL, NULL) == 0) {
        return ctl_error("nobody logs in with this name in this tenant");
    }

    return rc == 1 ? ctl_whom_read(ctl, access, whom) : -1;
}


/* 1; 0: nobody has this log-in name. */
static int
whom_login(ctl_t *ctl, ctl_whom_t *whom)
{
    int  rc;

    rc = ctl->opt.login == NULL
         ? 1 : ctl_subject_find(ctl, ctl->opt.login, &whom->id);

    ctl_uuid_text(&whom->id, whom->text);

    return rc;
}


int
ctl_whom_read(ctl_t *ctl, const ctl_access_t *access, ctl_whom_t *whom)
{
    switch (whom_row(ctl, whom)) {

    case FOUND:
        return whom_floor(ctl, whom) == 0 ? whom_keys(ctl, whom) : -1;

    case FOUND_NOBODY:
        return record_end(ctl, access, "not_found", NULL, NULL) != 0 ? -1
               : ctl_error("nobody has this id in this tenant");

    case FOUND_CHANGED:
        return record_end(ctl, access, "tampered", &whom->id, "row=subject")
               != 0 ? -1
               : ctl_error("the row of this person in pupil.subject was"
                           " changed by somebody without the keys: restore it"
                           " from a backup");

    default:
        return -1;
    }
}


static int
whom_row(ctl_t *ctl, ctl_whom_t *whom)
{
    int          rc;
    uint8_t      stored[PUPIL_MAC_LEN];
    PGresult    *res;
    const char  *params[2];
    pupil_str_t  mac;

    params[0] = ctl->tenant_text;
    params[1] = whom->text;

    res = ctl_query(ctl->data, row_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = FOUND_NOBODY;

    if (PQntuples(res) == 1) {
        whom->status = ctl_pool_text(&ctl->pool,
                                     PQgetvalue(res, 0, ROW_STATUS),
                                     strlen(PQgetvalue(res, 0, ROW_STATUS)));
        whom->source = ctl_pool_text(&ctl->pool,
                                     PQgetvalue(res, 0, ROW_SOURCE),
                                     strlen(PQgetvalue(res, 0, ROW_SOURCE)));
        whom->data = pupil_owner_state(ctl_get_str(res, 0, ROW_STATE));

        mac.data = stored;
        ctl_get_bytes(res, 0, ROW_MAC, stored, sizeof(stored), &mac.len);
        whom->number = pupil_mac_number(mac);

        rc = whom_authentic(ctl, whom, mac);
    }

    PQclear(res);

    return rc;
}


static int
whom_authentic(ctl_t *ctl, const ctl_whom_t *whom, pupil_str_t stored)
{
    uint8_t  mac[PUPIL_MAC_LEN];

    if (ctl_subject_mac(ctl, &whom->id, whom->source, whom->status,
                        whom->number, mac)
        != 0)
    {
        return -1;
    }

    return pupil_mac_check(mac, stored) == PUPIL_OK ? FOUND : FOUND_CHANGED;
}


/* A row of before, put back, is authentic, too (invariant I18). */
static int
whom_floor(ctl_t *ctl, ctl_whom_t *whom)
{
    pupil_floors_t  floors;

    if (ctl_floors_read(ctl, &whom->id, &floors) != 0) {
        return -1;
    }

    whom->revoked = whom->number < floors.authority;

    return 0;
}


static int
whom_keys(ctl_t *ctl, ctl_whom_t *whom)
{
    PGresult    *res;
    const char  *params[1];

    params[0] = whom->text;

    res = ctl_ask(ctl, ctl->keys, "SELECT state FROM keystore.owner_key WHERE"
                  " owner = $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    whom->keys = PQntuples(res) == 1
                 ? pupil_owner_state(ctl_get_str(res, 0, 0))
                 : PUPIL_OWNER_STATE_ABSENT;
    PQclear(res);

    return whom->keys != PUPIL_OWNER_STATE_ABSENT ? 0
           : ctl_error("the key store does not know this person: was it"
                       " restored from a backup that is older than the"
                       " account?");
}


int
ctl_whom_closed(const ctl_whom_t *whom)
{
    return ctl_whom_state(whom) == PUPIL_OWNER_STATE_RECOVERY
           || (!whom->revoked && strcmp(whom->status, "closed") == 0);
}


pupil_owner_state_t
ctl_whom_state(const ctl_whom_t *whom)
{
    return whom->data > whom->keys ? whom->data : whom->keys;
}


const char *
ctl_state_name(pupil_owner_state_t state)
{
    static const char *const  names[] = {
        [PUPIL_OWNER_STATE_ABSENT] = "absent",
        [PUPIL_OWNER_STATE_ACTIVE] = "active",
        [PUPIL_OWNER_STATE_RESTRICTED] = "restricted",
        [PUPIL_OWNER_STATE_RECOVERY] = "recovery",
        [PUPIL_OWNER_STATE_ERASED] = "erased"
    };

    return names[state];
}


int
ctl_whom_refuse(ctl_t *ctl, const ctl_access_t *access,
    const ctl_whom_t *whom, const char *detail)
{
    (void) record_end(ctl, access, "refused", &whom->id, detail);

    return -1;
}


static int
record_end(ctl_t *ctl, const ctl_access_t *access, const char *outcome,
    const pupil_uuid_t *subject, const char *detail)
{
    if (ctl_record_one(ctl, access, outcome, subject, detail) != 0) {
        return -1;
    }

    return ctl_commit(ctl->data);
}
