/*
 * Copyright (C) the Pupil authors
 *
 * Where somebody is logged in.  Sessions end by the floor of whose they are
 * (invariant I18): so do those whose rows are hidden for the moment.
 */

#include <stdlib.h>

#include "core/login/token.h"
#include "core/vault/authentic.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/people/sessions.h"
#include "ctl/people/user.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/numbers.h"
#include "ctl/store/subject.h"


static int sessions_show(ctl_t *ctl, const pupil_uuid_t *subject);
static json_t *sessions_read(ctl_t *ctl, const pupil_uuid_t *subject);
static json_t *session_entry(const PGresult *res, int n,
    const pupil_session_row_t *row, const pupil_key_t *key);
static int session_authentic(ctl_t *ctl, const PGresult *res, int n,
    const pupil_key_t *key, uint8_t hash[PUPIL_HASH_LEN],
    pupil_session_row_t *row);
static int hash_get(const PGresult *res, int n, int col,
    uint8_t hash[PUPIL_HASH_LEN], pupil_str_t *out);
static pupil_time_t time_get(const PGresult *res, int n, int col);
static void sessions_print(const json_t *sessions);
static int sessions_end(ctl_t *ctl, const pupil_uuid_t *subject);


static const ctl_access_t  show_access = {
    .category = "session",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};

static const ctl_access_t  end_access = {
    .category = "session",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


#define MICROSECONDS(at)  "(extract(epoch FROM " at ") * 1000000)::bigint"
#define STAMP(at)                                                             \
    "to_char(" at " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* Parameters: tenant, subject. */
static const char  sessions_sql[] =
    "SELECT token_hash, subject, role, institution, "
    MICROSECONDS("created_at") ", " MICROSECONDS("seen_at") ", "
    MICROSECONDS("expires_at") ", " MICROSECONDS("proved_at")
    ", provider_session, provider_subject, mac, "
    STAMP("created_at") ", " STAMP("seen_at") ", " STAMP("expires_at")
    " FROM pupil.session WHERE tenant = $1::uuid AND subject = $2::uuid"
    " AND expires_at > now() ORDER BY created_at, token_hash";

/* Columns of sessions_sql. */
enum {
    SESSION_HASH = 0,
    SESSION_SUBJECT,
    SESSION_ROLE,
    SESSION_INSTITUTION,
    SESSION_CREATED,
    SESSION_SEEN,
    SESSION_EXPIRES,
    SESSION_PROVED,
    SESSION_PROVIDER_SESSION,
    SESSION_PROVIDER_SUBJECT,
    SESSION_MAC,
    SESSION_CREATED_TEXT,
    SESSION_SEEN_TEXT,
    SESSION_EXPIRES_TEXT
};


int
ctl_cmd_user_sessions(ctl_t *ctl)
{
    pupil_uuid_t         subject;
    const ctl_access_t  *access;

    access = ctl->opt.end ? &end_access : &show_access;

    if ((ctl->opt.end ? ctl_user_write(ctl) : ctl_user_open(ctl)) != 0
        || ctl_user_find(ctl, access, &subject) != 0)
    {
        return CTL_FAILED;
    }

    if (!ctl->opt.end) {
        return sessions_show(ctl, &subject) == 0 ? CTL_DONE : CTL_FAILED;
    }

    if (sessions_end(ctl, &subject) != 0) {
        return CTL_FAILED;
    }

    puts("logged out everywhere");

    return CTL_DONE;
}


static int
sessions_show(ctl_t *ctl, const pupil_uuid_t *subject)
{
    json_t  *sessions;

    sessions = sessions_read(ctl, subject);

    if (sessions == NULL
        || ctl_record_one(ctl, &show_access, "allowed", subject, NULL) != 0
        || ctl_commit(ctl->data) != 0)
    {
        json_decref(sessions);
        return -1;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:o}", "sessions", sessions));
        return 0;
    }

    sessions_print(sessions);
    json_decref(sessions);

    return 0;
}


/* What is not authentic is as if it were not there, and on record (I18). */
static json_t *
sessions_read(ctl_t *ctl, const pupil_uuid_t *subject)
{
    int                   n, rc;
    char                  id[PUPIL_UUID_TEXT_LEN + 1];
    json_t               *list;
    uint8_t               hash[PUPIL_HASH_LEN];
    PGresult             *res;
    const char           *params[2];
    pupil_floors_t        floors;
    const pupil_key_t    *mac, *token;
    pupil_session_row_t   row;

    mac = ctl_key(ctl, "mac");
    token = ctl_key(ctl, "token");

    if (mac == NULL || token == NULL
        || ctl_floors_read(ctl, subject, &floors) != 0)
    {
        return NULL;
    }

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(subject, id);

    res = ctl_query(ctl->data, sessions_sql, 2, params);
    if (res == NULL) {
        return NULL;
    }

    rc = 0;
    list = json_array();

    for (n = 0; n < PQntuples(res) && rc == 0; n++) {
        if (!session_authentic(ctl, res, n, mac, hash, &row)) {
            rc = ctl_record_one(ctl, &show_access, "tampered", subject,
                                "row=session");

        } else if (row.number >= floors.session) {
            json_array_append_new(list, session_entry(res, n, &row, token));
        }
    }

    PQclear(res);

    if (rc != 0) {
        json_decref(list);
        return NULL;
    }

    return list;
}


static int
session_authentic(ctl_t *ctl, const PGresult *res, int n,
    const pupil_key_t *key, uint8_t hash[PUPIL_HASH_LEN],
    pupil_session_row_t *row)
{
    uint8_t      made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    uint8_t      there[2][PUPIL_HASH_LEN];
    pupil_str_t  mac;

    mac.data = stored;
    row->token_hash.data = hash;

    if (hash_get(res, n, SESSION_PROVIDER_SESSION, there[0],
                 &row->provider_session) != 0
        || hash_get(res, n, SESSION_PROVIDER_SUBJECT, there[1],
                    &row->provider_subject) != 0
        || ctl_get_bytes(res, n, SESSION_HASH, hash, PUPIL_HASH_LEN,
                      &row->token_hash.len) != 0
        || ctl_get_uuid(res, n, SESSION_SUBJECT, &row->subject) != 0
        || ctl_get_uuid(res, n, SESSION_INSTITUTION, &row->institution) != 0
        || ctl_get_bytes(res, n, SESSION_MAC, stored, sizeof(stored),
                         &mac.len) != 0)
    {
        return 0;
    }

    row->tenant = ctl->tenant;
    row->role = ctl_get_str(res, n, SESSION_ROLE);
    row->created_at = time_get(res, n, SESSION_CREATED);
    row->seen_at = time_get(res, n, SESSION_SEEN);
    row->expires_at = time_get(res, n, SESSION_EXPIRES);
    row->proved_at = time_get(res, n, SESSION_PROVED);
    pupil_mac_session_read(mac, row);
    pupil_mac_session(key, row, made);

    return pupil_mac_check(made, mac) == PUPIL_OK;
}


/* Empty: NULL. */
static int
hash_get(const PGresult *res, int n, int col, uint8_t hash[PUPIL_HASH_LEN],
    pupil_str_t *out)
{
    out->data = hash;
    out->len = 0;

    return PQgetisnull(res, n, col)
           ? 0 : ctl_get_bytes(res, n, col, hash, PUPIL_HASH_LEN, &out->len);
}


static pupil_time_t
time_get(const PGresult *res, int n, int col)
{
    return strtoll(PQgetvalue(res, n, col), NULL, 10);
}


static json_t *
session_entry(const PGresult *res, int n, const pupil_session_row_t *row,
    const pupil_key_t *key)
{
    char          text[PUPIL_UUID_TEXT_LEN + 1];
    pupil_uuid_t  id;

    pupil_session_id(key, row->token_hash.data, &id);

    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}",
        "id", ctl_uuid_text(&id, text),
        "role", PQgetvalue(res, n, SESSION_ROLE),
        "institution", PQgetvalue(res, n, SESSION_INSTITUTION),
        "created_at", PQgetvalue(res, n, SESSION_CREATED_TEXT),
        "seen_at", PQgetvalue(res, n, SESSION_SEEN_TEXT),
        "expires_at", PQgetvalue(res, n, SESSION_EXPIRES_TEXT));
}


static void
sessions_print(const json_t *sessions)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(sessions, i, entry) {
        printf("%s %s %s from %s seen %s\n",
               json_string_value(json_object_get(entry, "id")),
               json_string_value(json_object_get(entry, "role")),
               json_string_value(json_object_get(entry, "institution")),
               json_string_value(json_object_get(entry, "created_at")),
               json_string_value(json_object_get(entry, "seen_at")));
    }
}


/* What ends is on record with its end; a transaction is open. */
static int
sessions_end(ctl_t *ctl, const pupil_uuid_t *subject)
{
    pupil_floors_t  to = { 0 };

    if (ctl_revoke_begin(ctl, subject) != 0
        || ctl_number_take(ctl, subject, CTL_FLOOR_SESSION, &to) != 0
        || ctl_sessions_end(ctl, subject) != 0
        || ctl_revoke_open(ctl, subject, &to) != 0
        || ctl_record_one(ctl, &end_access, "allowed", subject, NULL) != 0
        || ctl_commit(ctl->data) != 0)
    {
        return -1;
    }

    return ctl_revoke_finish(ctl, subject);
}


/* Killed, it is run again: whoever is out already is out once more. */
int
ctl_cmd_tenant_sessions(ctl_t *ctl)
{
    int            n, rc;
    PGresult      *res;
    const char    *params[1];
    pupil_uuid_t   subject;

    if (!ctl->opt.end) {
        ctl_error("say --end: everybody is logged out");
        return CTL_USAGE;
    }

    if (ctl_user_write(ctl) != 0) {
        return CTL_FAILED;
    }

    params[0] = ctl->tenant_text;

    res = ctl_query(ctl->data, "SELECT subject FROM pupil.subject WHERE tenant"
                    " = $1::uuid ORDER BY subject", 1, params);

    if (res == NULL || ctl_commit(ctl->data) != 0) {
        PQclear(res);
        return CTL_FAILED;
    }

    for (n = 0, rc = 0; n < PQntuples(res) && rc == 0; n++) {
        rc = ctl_get_uuid(res, n, 0, &subject) == 0
             && ctl_begin(ctl->data, &ctl->tenant) == 0
             ? sessions_end(ctl, &subject) : -1;
    }

    n = PQntuples(res);
    PQclear(res);

    if (rc != 0) {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i}", "people", n));

    } else {
        printf("%d people are logged out everywhere\n", n);
    }

    return CTL_DONE;
}
