/*
 * Copyright (C) the Pupil authors
 */

#include <arpa/inet.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/vault/keyring.h"
#include "seeding.h"
#include "core/base/text.h"


void
seed_die(const char *what, ...)
{
    va_list  args;

    va_start(args, what);
    vfprintf(stderr, what, args);
    va_end(args);
    fputc('\n', stderr);

    exit(1);
}


pupil_str_t
seed_str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


PGconn *
seed_connect(const char *conninfo)
{
    PGconn  *pg = PQconnectdb(conninfo);

    if (PQstatus(pg) != CONNECTION_OK) {
        seed_die("connect: %s", PQerrorMessage(pg));
    }

    return pg;
}


void
seed_run(PGconn *pg, const char *sql, ExecStatusType wanted)
{
    PGresult  *res = PQexec(pg, sql);

    if (PQresultStatus(res) != wanted) {
        seed_die("%s: %s", sql, PQerrorMessage(pg));
    }

    PQclear(res);
}


/* Binary results; the first parameter is the tenant. */
PGresult *
seed_query(const seed_t *seed, PGconn *pg, const char *sql, const char *limit)
{
    PGresult    *res;
    const char  *values[2] = { (const char *) seed->tenant.b, limit };
    int          lengths[2] = { PUPIL_UUID_LEN, 0 }, formats[2] = { 1, 0 };

    static const Oid  types[2] = { 2950, 20 };

    res = PQexecParams(pg, sql, limit != NULL ? 2 : 1, types, values, lengths,
                       formats, 1);
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        seed_die("%s: %s", sql, PQerrorMessage(pg));
    }

    return res;
}


pupil_uuid_t
seed_get_uuid(PGresult *res, int row, int col)
{
    pupil_uuid_t  id;

    if (PQgetlength(res, row, col) != PUPIL_UUID_LEN) {
        seed_die("column %d is no UUID", col);
    }

    memcpy(id.b, PQgetvalue(res, row, col), PUPIL_UUID_LEN);

    return id;
}


uint32_t
seed_get_int4(PGresult *res, int row, int col)
{
    uint32_t  value;

    memcpy(&value, PQgetvalue(res, row, col), sizeof(value));

    return ntohl(value);
}


pupil_str_t
seed_get_str(PGresult *res, int row, int col)
{
    pupil_str_t  s = { (const uint8_t *) PQgetvalue(res, row, col),
                       (size_t) PQgetlength(res, row, col) };

    return s;
}


void
seed_unwrap(const pupil_key_t *parent, const pupil_wrapping_t *what,
    pupil_str_t wrapped, pupil_key_t *key)
{
    if (pupil_unwrap(parent, what, wrapped.data, wrapped.len, key)
        != PUPIL_OK)
    {
        seed_die("a key does not unwrap");
    }
}


void
seed_keys_load(seed_t *seed, const char *file)
{
    int                i;
    size_t             s;
    uint32_t           n;
    PGresult          *res;
    pupil_kek_t        keks[PUPIL_KEYRING_EPOCHS];
    pupil_error_t      error;
    struct timespec    ts;
    pupil_wrapping_t   what = { 0 };

    static const struct {
        const char  *name;
        size_t       offset;
    }  services[] = {
        { "mac", offsetof(seed_t, mac) },
        { "token", offsetof(seed_t, token) },
        { "fingerprint", offsetof(seed_t, fingerprint) },
        { "index:credential.login_id", offsetof(seed_t, login_id) }
    };

    if (pupil_kek_read(file, keks, &n, &error) != PUPIL_OK) {
        seed_die("%s", error.text);
    }

    res = seed_query(seed, seed->keys, "SELECT version, wrapped"
                " FROM keystore.tenant_key WHERE tenant = $1", NULL);
    if (PQntuples(res) != 1) {
        seed_die("the tenant has not one key");
    }

    seed->tenant_version = seed_get_int4(res, 0, 0);
    what.object = PUPIL_OBJECT_TENANT_KEY;
    what.tenant = seed->tenant;
    what.version = seed->tenant_version;
    what.parent_version = keks[0].epoch;
    seed_unwrap(&keks[0].key, &what, seed_get_str(res, 0, 1),
                &seed->tenant_key);
    PQclear(res);

    res = seed_query(seed, seed->keys, "SELECT name, wrapped"
                " FROM keystore.service_key WHERE tenant = $1", NULL);

    what.object = PUPIL_OBJECT_SERVICE_KEY;
    what.version = 1;
    what.parent_version = seed->tenant_version;

    for (i = 0; i < PQntuples(res); i++) {
        what.name = seed_get_str(res, i, 0);

        for (s = 0; s < sizeof(services) / sizeof(services[0]); s++) {
            if (what.name.len == strlen(services[s].name)
                && memcmp(what.name.data, services[s].name, what.name.len)
                   == 0)
            {
                seed_unwrap(&seed->tenant_key, &what, seed_get_str(res, i, 1),
                            (pupil_key_t *) ((char *) seed
                                             + services[s].offset));
            }
        }
    }

    clock_gettime(CLOCK_REALTIME, &ts);
    seed->now = (pupil_time_t) ts.tv_sec * 1000000;
    PQclear(res);
}


void
seed_session_make(const seed_t *seed, const pupil_uuid_t *subject,
    const pupil_uuid_t *institution, pupil_str_t role, uint32_t number,
    seed_session_t *session)
{
    uint8_t               token[PUPIL_TOKEN_LEN];
    pupil_session_row_t  *row = &session->row;

    pupil_token_make(&seed->token, token, (uint8_t *) session->token);
    pupil_token_hash(&seed->token, token, session->hash);
    pupil_csrf_make(&seed->token, token, (uint8_t *) session->csrf);
    session->token[PUPIL_TOKEN_TEXT_LEN] = '\0';
    session->csrf[PUPIL_TOKEN_TEXT_LEN] = '\0';

    row->tenant = seed->tenant;
    row->token_hash.data = session->hash;
    row->token_hash.len = sizeof(session->hash);
    row->subject = *subject;
    row->institution = *institution;
    row->role = role;
    row->created_at = seed->now;
    row->seen_at = seed->now;
    row->expires_at = seed->now + 12 * SEED_HOURS;
    row->number = number;
    row->proved_at = 0;
    row->provider_session = row->provider_subject = (pupil_str_t){ NULL, 0 };
    row->limited = 0;
    row->second = 0;
    pupil_mac_session(&seed->mac, row, session->mac);
}
