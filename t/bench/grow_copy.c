/*
 * Copyright (C) the Pupil authors
 */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "grow_copy.h"


/* PostgreSQL counts from 2000-01-01: seconds, and days. */
#define PG_EPOCH       INT64_C(946684800)
#define PG_EPOCH_DAYS  10957


struct copy_s {
    const char  *name, *columns;
    uint16_t     count;         /* of columns */
    char        *data;          /* rows in COPY's binary format */
    size_t       len, size;
};

static copy_t  tables[TABLES] = {
    [OWNER] = { "pupil.owner", "tenant, owner, kind", 3, NULL, 0, 0 },
    [OWNER_KEY] = { "keystore.owner_key", "tenant, owner, state, version,"
        " tenant_version, wrapped", 6, NULL, 0, 0 },
    [SUBJECT] = { "pupil.subject", "tenant, subject, status, source, mac", 5,
        NULL, 0, 0 },
    [ROLE] = { "pupil.role", "tenant, subject, institution, role, valid_from,"
        " source, mac", 7, NULL, 0, 0 },
    [INSTITUTION] = { "pupil.institution", "tenant, institution, title,"
        " source", 4, NULL, 0, 0 },
    [CLASS] = { "pupil.class", "tenant, class, institution, title, source", 5,
        NULL, 0, 0 },
    [ENROLMENT] = { "pupil.enrolment", "tenant, enrolment, subject, class,"
        " institution, role, valid_from, source, mac", 9, NULL, 0, 0 },
    [BLIND_INDEX] = { "pupil.blind_index", "tenant, category, field, term,"
        " owner, record, mac", 7, NULL, 0, 0 },
    [SESSION] = { "pupil.session", "tenant, token_hash, subject, role,"
        " institution, created_at, seen_at, expires_at, mac", 9, NULL, 0, 0 },
    [THROTTLE] = { "pupil.login_throttle", "tenant, bucket, failures, last_at,"
        " not_before", 5, NULL, 0, 0 },
    [IDENTITY] = { "data.identity", "tenant, owner, record, key_version,"
        " source, given_name, family_name", 7, NULL, 0, 0 },
    [CREDENTIAL] = { "data.credential", "tenant, owner, record, key_version,"
        " source, login_id, password_hash, facts", 8, NULL, 0, 0 },
    [NETWORK] = { "data.network", "tenant, owner, record, key_version, source,"
        " address, seen_at", 7, NULL, 0, 0 },
    [HOMEWORK] = { "data.homework", "tenant, owner, record, key_version,"
        " source, title, description, exercises, exercise_ids, assigned_by,"
        " assigned_at, due_at, facts", 13, NULL, 0, 0 },
    [PROGRESS] = { "data.progress", "tenant, owner, record, key_version,"
        " source, homework_id, class_id, exercise_id, done, answer, result,"
        " fingerprint, facts", 13, NULL, 0, 0 }
};


static void
put(copy_t *t, const void *data, size_t len)
{
    if (t->len + len > t->size) {
        t->size = 2 * (t->len + len) + 65536;
        t->data = realloc(t->data, t->size);
        if (t->data == NULL) {
            seed_die("no memory");
        }
    }

    memcpy(t->data + t->len, data, len);
    t->len += len;
}


void
copy_bytes(copy_t *t, const void *data, size_t len)
{
    uint32_t  n = htonl((uint32_t) len);

    put(t, &n, sizeof(n));
    put(t, data, len);
}


void
copy_text(copy_t *t, const char *text)
{
    copy_bytes(t, text, strlen(text));
}


void
copy_uuid(copy_t *t, const pupil_uuid_t *id)
{
    copy_bytes(t, id->b, PUPIL_UUID_LEN);
}


void
copy_int4(copy_t *t, uint32_t value)
{
    value = htonl(value);
    copy_bytes(t, &value, sizeof(value));
}


void
copy_time(copy_t *t, pupil_time_t time)
{
    int       i;
    uint8_t   b[8];
    uint64_t  v = (uint64_t) (time - PG_EPOCH * 1000000);

    for (i = 7; i >= 0; i--, v >>= 8) {
        b[i] = (uint8_t) v;
    }

    copy_bytes(t, b, sizeof(b));
}


void
copy_date(copy_t *t, int32_t days)
{
    copy_int4(t, (uint32_t) (days - PG_EPOCH_DAYS));
}


void
copy_uuids(copy_t *t, const pupil_uuid_t *ids, uint32_t count)
{
    uint32_t  i, len, head[5];

    head[0] = htonl(1);                 /* dimensions */
    head[1] = 0;                        /* no NULL */
    head[2] = htonl(2950);
    head[3] = htonl(count);
    head[4] = htonl(1);                 /* the first index */

    len = htonl((uint32_t) (sizeof(head) + count * (4 + PUPIL_UUID_LEN)));
    put(t, &len, sizeof(len));
    put(t, head, sizeof(head));

    for (i = 0; i < count; i++) {
        copy_uuid(t, &ids[i]);
    }
}


copy_t *
copy_row(const seed_t *seed, int table)
{
    uint16_t  n = htons(tables[table].count);

    put(&tables[table], &n, sizeof(n));
    copy_uuid(&tables[table], &seed->tenant);

    return &tables[table];
}


copy_t *
copy_record(const seed_t *seed, int table, const pupil_uuid_t *owner,
    const pupil_uuid_t *record)
{
    copy_t  *t = copy_row(seed, table);

    copy_uuid(t, owner);
    copy_uuid(t, record);
    copy_int4(t, 1);
    copy_text(t, SOURCE);

    return t;
}


void
copy_flush(const seed_t *seed, size_t least)
{
    int        i;
    char       sql[512];
    PGconn    *pg;
    PGresult  *res;
    copy_t   *t;

    static const int   order[] = {
        OWNER_KEY, OWNER, SUBJECT, ROLE, INSTITUTION, CLASS, ENROLMENT,
        BLIND_INDEX, SESSION, THROTTLE, IDENTITY, CREDENTIAL, NETWORK,
        HOMEWORK, PROGRESS
    };
    static const char  head[19] = "PGCOPY\n\377\r\n";
    static const char  tail[2] = "\377\377";

    if (tables[PROGRESS].len < least) {
        return;
    }

    for (i = 0; i < TABLES; i++) {
        t = &tables[order[i]];
        pg = order[i] == OWNER_KEY ? seed->keys : seed->data;
        if (t->len == 0) {
            continue;
        }

        snprintf(sql, sizeof(sql), "COPY %s (%s) FROM STDIN (FORMAT binary)",
                 t->name, t->columns);
        seed_run(pg, sql, PGRES_COPY_IN);

        if (PQputCopyData(pg, head, sizeof(head)) != 1
            || PQputCopyData(pg, t->data, (int) t->len) != 1
            || PQputCopyData(pg, tail, sizeof(tail)) != 1
            || PQputCopyEnd(pg, NULL) != 1)
        {
            seed_die("copy: %s", PQerrorMessage(pg));
        }

        while ((res = PQgetResult(pg)) != NULL) {
            if (PQresultStatus(res) != PGRES_COMMAND_OK) {
                seed_die("copy %s: %s", t->name, PQerrorMessage(pg));
            }
            PQclear(res);
        }

        t->len = 0;
    }
}
