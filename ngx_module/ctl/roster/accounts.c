/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/login/token.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/accounts.h"
#include "ctl/roster/images.h"
#include "ctl/roster/revoke.h"
#include "ctl/roster/unnest.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/numbers.h"
#include "ctl/store/revoked.h"
#include "ctl/store/subject.h"


#define PRINT_SIZE  128         /* what a print is made of */

static const ctl_access_t  tampered_access = {
    .category = "enrolment",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

/* Columns of a row that is read. */
enum {
    COLUMN_SUBJECT = 0,
    COLUMN_MAC,
    COLUMN_PRINT
};


int
roster_account_print(const roster_t *roster, const pupil_uuid_t *subject,
    uint32_t number, uint8_t out[ROSTER_PRINT_LEN])
{
    int                 n;
    char                text[PRINT_SIZE], id[PUPIL_UUID_TEXT_LEN + 1];
    pupil_str_t         s;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL) {
        return -1;
    }

    n = snprintf(text, sizeof(text), "left %s %s %u",
                 ctl_uuid_text(subject, id), roster->source, number);
    s.data = (const uint8_t *) text;
    s.len = (size_t) n;
    pupil_fingerprint_make(key, s, out);

    return 0;
}


/* 1 for one that counts, 0, -1 with the error said. */
static int
account_read(roster_t *roster, const char *status, const PGresult *res, int n,
    roster_account_t *account)
{
    size_t       len;
    uint8_t      made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    uint8_t      print[ROSTER_PRINT_LEN], want[ROSTER_PRINT_LEN];
    uint32_t     number;
    pupil_str_t  mac;

    if (ctl_get_uuid(res, n, COLUMN_SUBJECT, &account->subject) != 0) {
        return ctl_error("a row of pupil.subject is malformed");
    }

    mac.data = stored;
    mac.len = 0;
    ctl_get_bytes(res, n, COLUMN_MAC, stored, sizeof(stored), &mac.len);
    number = pupil_mac_number(mac);

    if (ctl_subject_mac(roster->ctl, &account->subject, roster->source,
                        status, number, made) != 0
        || roster_account_print(roster, &account->subject, number, want) != 0)
    {
        return -1;
    }

    if (pupil_mac_check(made, mac) != PUPIL_OK) {
        return ctl_record_one(roster->ctl, &tampered_access, "tampered",
                              &account->subject, "row=subject");
    }

    account->left = ctl_get_bytes(res, n, COLUMN_PRINT, print, sizeof(print),
                                  &len) == 0
                    && len == sizeof(print)
                    && memcmp(print, want, sizeof(print)) == 0;

    return number >= roster_floor(roster, &account->subject);
}


roster_account_t *
roster_accounts_read(roster_t *roster, const pupil_uuid_t *subjects,
    size_t count, const char *status, size_t *found)
{
    int                n, rc;
    PGresult          *res;
    ctl_buf_t          list;
    const char        *params[3];
    roster_account_t  *accounts;

    *found = 0;
    ctl_buf_init(&list);
    ctl_array_uuids(&list, subjects, count);

    params[0] = list.data;
    params[1] = status;
    params[2] = roster->source;

    res = ctl_query(roster->ctl->data, "SELECT s.subject, s.mac, i.fingerprint"
                    " FROM pupil.subject AS s LEFT JOIN pupil.imported AS i ON"
                    " i.tenant = s.tenant AND i.owner = s.subject AND"
                    " i.category = 'left' WHERE s.subject = ANY ($1::uuid[])"
                    " AND s.status = $2 AND s.source = $3", 3, params);
    ctl_buf_free(&list);

    if (res == NULL) {
        return NULL;
    }

    rc = 0;
    accounts = ctl_pool_alloc(&roster->pool, ((size_t) PQntuples(res) + 1)
                                             * sizeof(roster_account_t));

    for (n = 0; rc >= 0 && n < PQntuples(res); n++) {
        rc = account_read(roster, status, res, n, &accounts[*found]);
        *found += rc == 1;
    }

    PQclear(res);

    return rc < 0 ? NULL : accounts;
}


int
roster_accounts_left(roster_t *roster, const pupil_uuid_t *subjects,
    size_t count, ctl_map_t *left)
{
    int                fresh;
    size_t             i, found;
    pupil_str_t        key;
    roster_account_t  *accounts;

    accounts = roster_accounts_read(roster, subjects, count, "closed", &found);
    if (accounts == NULL) {
        return -1;
    }

    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < found; i++) {
        if (accounts[i].left) {
            key.data = accounts[i].subject.b;
            ctl_map_put(left, key, &fresh);
        }
    }

    return 0;
}


static int
accounts_record(roster_t *roster, const roster_change_account_t *change,
    const char *subjects)
{
    ctl_t  *ctl;

    ctl = roster->ctl;

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_record(ctl, change->access, "allowed", subjects,
                         change->detail) == 0
           && ctl_commit(ctl->data) == 0 ? 0 : -1;
}


/* Under the floor that is in force, and noted as it will be under the next. */
static int
row_write(roster_t *roster, const roster_change_account_t *change,
    const ctl_authority_t *whom)
{
    uint8_t    mac[PUPIL_MAC_LEN];
    ctl_t     *ctl;
    ctl_row_t  row = { .table = CTL_ROW_SUBJECT, .subject = whom->subject };

    ctl = roster->ctl;

    if (ctl_subject_status(ctl, &whom->subject, roster->source, change->to,
                           whom->floor) != 0
        || ctl_sessions_end(ctl, &whom->subject) != 0
        || ctl_subject_mac(ctl, &whom->subject, roster->source, change->to,
                           whom->number, mac) != 0)
    {
        return -1;
    }

    ctl_revoked(ctl, &row, mac);

    return 0;
}


/* That a roster closed them; of who is opened it fits the number no more. */
static int
prints_write(roster_t *roster, const ctl_authority_t *whom, size_t count)
{
    int               rc;
    size_t            i;
    uint8_t           print[ROSTER_PRINT_LEN];
    roster_unnest_t   rows;

    rc = 0;
    roster_unnest_begin(&rows, 2);

    for (i = 0; rc == 0 && i < count; i++) {
        rc = roster_account_print(roster, &whom[i].subject, whom[i].number,
                                  print);
        ctl_array_uuid(&rows.columns[0], &whom[i].subject);
        ctl_array_bytes(&rows.columns[1], print, ROSTER_PRINT_LEN);
    }

    if (rc == 0) {
        rc = roster_unnest_exec(roster, &rows, "INSERT INTO pupil.imported"
                                " (tenant, owner, category, fingerprint)"
                                " SELECT $1::uuid, r.owner, $2, r.print FROM"
                                " unnest($3::uuid[], $4::bytea[]) AS r(owner,"
                                " print) ON CONFLICT (tenant, owner, category)"
                                " DO UPDATE SET fingerprint ="
                                " EXCLUDED.fingerprint", "left", NULL);
    }

    roster_unnest_free(&rows);

    return rc;
}


static int
rows_write(roster_t *roster, const roster_change_account_t *change,
    const char *subjects, const ctl_authority_t *whom, size_t count)
{
    size_t       i;
    const char  *params[3];

    for (i = 0; i < count; i++) {
        if (row_write(roster, change, &whom[i]) != 0) {
            return -1;
        }
    }

    params[0] = roster->ctl->tenant_text;
    params[1] = subjects;
    params[2] = change->state;

    if (ctl_exec(roster->ctl->data, "UPDATE pupil.owner SET state = $3 WHERE"
                 " tenant = $1::uuid AND owner = ANY ($2::uuid[]) AND state"
                 " NOT IN ('erased', $3)", 3, params) != 0)
    {
        return -1;
    }

    return change->opens ? 0 : prints_write(roster, whom, count);
}


/* No session of before is one of who is opened. */
static int
sessions_take(roster_t *roster, const roster_change_account_t *change,
    const ctl_authority_t *whom, size_t count, pupil_floors_t *floors)
{
    size_t  i;

    memset(floors, 0, count * sizeof(pupil_floors_t));

    for (i = 0; change->opens && i < count; i++) {
        if (ctl_number_take(roster->ctl, &whom[i].subject, CTL_FLOOR_SESSION,
                            &floors[i]) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
sessions_open(roster_t *roster, const roster_change_account_t *change,
    const ctl_authority_t *whom, size_t count, const pupil_floors_t *floors)
{
    size_t  i;

    for (i = 0; change->opens && i < count; i++) {
        if (ctl_revoke_open(roster->ctl, &whom[i].subject, &floors[i]) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
keys_write(roster_t *roster, const char *sql, const char *subjects)
{
    ctl_t       *ctl;
    const char  *params[1];

    ctl = roster->ctl;
    params[0] = subjects;

    return ctl_write(ctl, ctl->keys, sql, 1, params);
}


static int
images_write(roster_t *roster, const roster_change_account_t *change,
    const ctl_authority_t *whom, size_t count)
{
    size_t         i;
    pupil_uuid_t  *subjects;

    subjects = ctl_pool_alloc(&roster->pool, count * sizeof(pupil_uuid_t));

    for (i = 0; i < count; i++) {
        subjects[i] = whom[i].subject;
    }

    return roster_images_account(roster, subjects, count,
                                 change->opens ? "closed" : "active",
                                 change->to);
}


static int
data_write(roster_t *roster, const roster_change_account_t *change,
    const char *subjects, ctl_authority_t *whom, size_t count)
{
    ctl_t           *ctl;
    pupil_floors_t  *floors;

    ctl = roster->ctl;
    floors = ctl_pool_alloc(&roster->pool, count * sizeof(pupil_floors_t));

    if (ctl_numbers_take(ctl, whom, count) != 0
        || sessions_take(roster, change, whom, count, floors) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || images_write(roster, change, whom, count) != 0
        || rows_write(roster, change, subjects, whom, count) != 0
        || ctl_revoke_authority(ctl, whom, count) != 0
        || sessions_open(roster, change, whom, count, floors) != 0
        || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return 0;
}


int
roster_accounts_change(roster_t *roster,
    const roster_change_account_t *change, const pupil_uuid_t *subjects,
    size_t count)
{
    int               rc;
    size_t            i;
    ctl_buf_t         list;
    ctl_authority_t  *whom;

    whom = ctl_pool_alloc(&roster->pool, count * sizeof(ctl_authority_t));
    ctl_buf_init(&list);
    ctl_array_uuids(&list, subjects, count);

    for (i = 0; i < count; i++) {
        whom[i].subject = subjects[i];
        whom[i].floor = roster_floor(roster, &subjects[i]);
    }

    rc = accounts_record(roster, change, list.data);

    /* wherever a run is killed, the stricter of the two is in force */
    if (rc == 0 && change->opens) {
        rc = keys_write(roster, change->keys, list.data);
    }

    if (rc == 0) {
        rc = data_write(roster, change, list.data, whom, count);

        /* who was not opened is closed in both, as before */
        if (rc != 0 && change->opens) {
            (void) keys_write(roster, change->back, list.data);
        }
    }

    if (rc == 0) {
        rc = ctl_revoke_finish(roster->ctl, NULL);
    }

    if (rc == 0 && !change->opens) {
        rc = keys_write(roster, change->keys, list.data);
    }

    ctl_buf_free(&list);

    for (i = 0; rc == 0 && i < count; i++) {
        roster_floor_set(roster, &whom[i].subject, whom[i].number);
    }

    return rc;
}
