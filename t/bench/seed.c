/*
 * Copyright (C) the Pupil authors
 *
 * Fills a school that pupilctl imported with what a year leaves: submissions
 * of every pupil, sealed under the pupil's own key as the gateway seals them,
 * and sessions, so that a load need not log in first.
 *
 *     seed --database C --keystore C --key KEKFILE --tenant T
 *          --sessions N --out FILE
 *
 * FILE gets a line a session: role, token, CSRF token, subject, institution.
 */

#include <getopt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "seed_facts.h"
#include "core/base/text.h"


#define SEALED_MAX  512


/* Five of each pupil: what is due first comes first. */
static const char  work_sql[] =
    "SELECT w.subject, w.class, w.record, w.exercise, w.n FROM ("
    "SELECT e.subject, e.class, h.record, x.exercise, row_number()"
    " OVER (PARTITION BY e.subject ORDER BY h.due_at, h.record, x.n) AS n"
    " FROM pupil.enrolment AS e JOIN data.homework AS h"
    " ON h.tenant = e.tenant AND h.owner = e.class"
    " CROSS JOIN LATERAL unnest(h.exercise_ids) WITH ORDINALITY"
    " AS x (exercise, n)"
    " WHERE e.tenant = $1 AND e.role = 'pupil') AS w"
    " WHERE w.n <= 5 ORDER BY w.subject, w.n";

static const char  keys_sql[] =
    "SELECT k.owner, k.version, k.wrapped FROM keystore.owner_key AS k"
    " WHERE k.tenant = $1 AND k.state = 'active' ORDER BY k.owner";

/* Pupils in an order that is the same each time, and all teachers. */
static const char  people_sql[] =
    "(SELECT r.subject, r.institution, r.role FROM pupil.role AS r"
    " WHERE r.tenant = $1 AND r.role = 'pupil' ORDER BY"
    " EXISTS (SELECT FROM data.progress AS p WHERE p.tenant = $1"
    " AND p.owner = r.subject) DESC, md5(r.subject::text) LIMIT $2)"
    " UNION ALL SELECT r.subject, r.institution, r.role"
    " FROM pupil.role AS r WHERE r.tenant = $1 AND r.role = 'teacher'";

/* Whoever was given a password has sessions of a later number alone. */
static const char  floors_sql[] =
    "SELECT f.subject, f.session FROM keystore.floor AS f WHERE f.tenant = $1";

static const char  session_sql[] =
    "INSERT INTO pupil.session (tenant, token_hash, subject, role,"
    " institution, created_at, seen_at, expires_at, mac) VALUES ($1, $2, $3,"
    " $4, $5, to_timestamp($6::float8 / 1000000),"
    " to_timestamp($6::float8 / 1000000),"
    " to_timestamp($7::float8 / 1000000), $8)";

static const char  copy_sql[] =
    "COPY data.progress (tenant, owner, record, key_version, source,"
    " updated_at, homework_id, class_id, exercise_id, done, answer, result,"
    " fingerprint, facts) FROM STDIN";


/* Submissions */

static size_t
put_bytea(char *p, const uint8_t *data, size_t len)
{
    memcpy(p, "\\\\x", 3);
    sodium_bin2hex(p + 3, 2 * len + 1, data, len);

    return 3 + 2 * len;
}


static size_t
put_sealed(const pupil_subkey_t *key, pupil_place_t *place, const char *field,
    const char *text, seed_facts_t *facts, char *p)
{
    size_t   len = strlen(text);
    uint8_t  sealed[SEALED_MAX];

    place->field = seed_str(field);

    if (pupil_seal_size(len) > sizeof(sealed)
        || pupil_seal(key, place, (const uint8_t *) text, len, sealed)
           != PUPIL_OK)
    {
        seed_die("cannot seal");
    }

    seed_facts_put(facts, field, sealed, pupil_seal_size(len));

    return put_bytea(p, sealed, pupil_seal_size(len));
}


static size_t
put_uuid(char *p, const pupil_uuid_t *id)
{
    pupil_uuid_format(id, (uint8_t *) p);
    p[PUPIL_UUID_TEXT_LEN] = '\t';

    return PUPIL_UUID_TEXT_LEN + 1;
}


/* A column that the facts bind. */
static size_t
put_id(seed_facts_t *facts, const char *field, const pupil_uuid_t *id, char *p)
{
    seed_facts_put(facts, field, id->b, sizeof(id->b));

    return put_uuid(p, id);
}


static void
put_row(const seed_t *seed, const pupil_subkey_t *key, uint32_t version,
    PGresult *work, int row)
{
    char           line[4096], answer[128], result[128], *p = line;
    uint8_t        print[32], bound[PUPIL_BOUND_MAX], done = 1;
    unsigned       n = (unsigned) row;
    seed_facts_t   facts;
    pupil_uuid_t   id, owner, class_id, homework, exercise;
    pupil_place_t  place;

    owner = seed_get_uuid(work, row, 0);
    class_id = seed_get_uuid(work, row, 1);
    homework = seed_get_uuid(work, row, 2);
    exercise = seed_get_uuid(work, row, 3);
    pupil_uuid_random(&id);

    memset(&place, 0, sizeof(place));
    place.tenant = seed->tenant;
    place.owner = owner;
    place.record = id;
    place.category = seed_str("progress");
    place.key_version = version;

    snprintf(answer, sizeof(answer),
             "{\"text\":\"The answer is %u, because it follows.\"}", n % 97);
    snprintf(result, sizeof(result), "{\"score\":{\"raw\":%u,\"max\":10},"
             "\"completion\":true,\"duration\":\"PT%uS\"}", n % 11,
             20 + n % 400);
    pupil_fingerprint_make(&seed->fingerprint, seed_str(answer), print);

    p += put_uuid(p, &seed->tenant);
    p += put_uuid(p, &owner);
    p += put_uuid(p, &id);
    p += sprintf(p, "%u\tgateway\tnow\t", version);

    seed_facts_begin(&facts, "progress");
    p += put_id(&facts, "homework_id", &homework, p);
    p += put_id(&facts, "class_id", &class_id, p);
    p += put_id(&facts, "exercise_id", &exercise, p);
    p += sprintf(p, "t\t");
    seed_facts_put(&facts, "done", &done, 1);
    p += put_sealed(key, &place, "answer", answer, &facts, p);
    *p++ = '\t';
    p += put_sealed(key, &place, "result", result, &facts, p);
    *p++ = '\t';
    p += put_bytea(p, print, sizeof(print));
    *p++ = '\t';
    p += put_bytea(p, bound, seed_facts_end(&facts, key, &place, bound));
    *p++ = '\n';

    if (PQputCopyData(seed->data, line, (int) (p - line)) != 1) {
        seed_die("copy: %s", PQerrorMessage(seed->data));
    }
}


/* Both results are sorted by the owner. */
static void
progress_fill(const seed_t *seed)
{
    int               row, key, found;
    uint32_t          version = 0;
    PGresult         *work, *keys, *res;
    pupil_key_t       owner_key;
    pupil_uuid_t      owner, holder;
    pupil_subkey_t    subkey;
    pupil_wrapping_t  what = { .object = PUPIL_OBJECT_OWNER_KEY };

    work = seed_query(seed, seed->data, work_sql, NULL);
    keys = seed_query(seed, seed->keys, keys_sql, NULL);
    seed_run(seed->data, copy_sql, PGRES_COPY_IN);

    what.tenant = seed->tenant;
    what.parent_version = seed->tenant_version;

    for (row = 0, key = 0, found = -1; row < PQntuples(work); row++) {
        owner = seed_get_uuid(work, row, 0);

        for ( ; key < PQntuples(keys); key++) {
            holder = seed_get_uuid(keys, key, 0);
            if (pupil_uuid_compare(&holder, &owner) >= 0) {
                break;
            }
        }

        if (key == PQntuples(keys)
            || pupil_uuid_compare(&holder, &owner) != 0)
        {
            seed_die("a pupil has no key");
        }

        if (found != key) {
            found = key;
            version = seed_get_int4(keys, key, 1);
            what.id = owner;
            what.version = version;
            seed_unwrap(&seed->tenant_key, &what, seed_get_str(keys, key, 2),
                   &owner_key);
            pupil_subkey_derive(&owner_key, seed_str("progress"), &subkey);
        }

        put_row(seed, &subkey, version, work, row);
    }

    if (PQputCopyEnd(seed->data, NULL) != 1) {
        seed_die("copy: %s", PQerrorMessage(seed->data));
    }

    res = PQgetResult(seed->data);
    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        seed_die("copy: %s", PQerrorMessage(seed->data));
    }
    printf("submissions %s\n", PQcmdTuples(res));
    PQclear(res);

    while ((res = PQgetResult(seed->data)) != NULL) {
        PQclear(res);
    }

    PQclear(work);
    PQclear(keys);
}


/* Sessions */

static uint32_t
session_floor(PGresult *floors, const pupil_uuid_t *subject)
{
    int           row;
    pupil_uuid_t  of;

    for (row = 0; row < PQntuples(floors); row++) {
        of = seed_get_uuid(floors, row, 0);

        if (pupil_uuid_compare(&of, subject) == 0) {
            return seed_get_int4(floors, row, 1);
        }
    }

    return 0;
}


static void
session_make(const seed_t *seed, PGresult *people, int row, PGresult *floors)
{
    char            id[37], school[37], created[24], expires[24], role[17];
    PGresult       *res;
    pupil_uuid_t    subject, institution;
    pupil_str_t     acts;
    seed_session_t  s;

    static const Oid  types[8] = { 2950, 17, 2950, 25, 2950, 20, 20, 17 };
    int               lengths[8] = { 16, 32, 16, 0, 16, 0, 0, 0 };
    const int         formats[8] = { 1, 1, 1, 0, 1, 0, 0, 1 };

    subject = seed_get_uuid(people, row, 0);
    institution = seed_get_uuid(people, row, 1);
    acts = seed_get_str(people, row, 2);
    seed_session_make(seed, &subject, &institution, acts,
                      session_floor(floors, &subject), &s);
    lengths[7] = (int) pupil_mac_len(s.mac);

    snprintf(role, sizeof(role), "%.*s", (int) acts.len, acts.data);
    snprintf(created, sizeof(created), "%lld", (long long) s.row.created_at);
    snprintf(expires, sizeof(expires), "%lld", (long long) s.row.expires_at);

    const char *values[8] = {
        (const char *) seed->tenant.b, (const char *) s.hash,
        (const char *) subject.b, role, (const char *) institution.b,
        created, expires, (const char *) s.mac
    };

    res = PQexecParams(seed->data, session_sql, 8, types, values, lengths,
                       formats, 0);
    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        seed_die("session: %s", PQerrorMessage(seed->data));
    }
    PQclear(res);

    id[36] = school[36] = '\0';
    pupil_uuid_format(&subject, (uint8_t *) id);
    pupil_uuid_format(&institution, (uint8_t *) school);
    fprintf(seed->out, "%s %s %s %s %s\n", role, s.token, s.csrf, id, school);
}


static void
sessions_fill(seed_t *seed, const char *count)
{
    int        row;
    PGresult  *people, *floors;

    people = seed_query(seed, seed->data, people_sql, count);
    floors = seed_query(seed, seed->keys, floors_sql, NULL);
    seed_run(seed->data, "BEGIN", PGRES_COMMAND_OK);

    for (row = 0; row < PQntuples(people); row++) {
        session_make(seed, people, row, floors);
    }

    seed_run(seed->data, "COMMIT", PGRES_COMMAND_OK);
    printf("sessions %d\n", PQntuples(people));
    PQclear(people);
    PQclear(floors);
}


int
main(int argc, char **argv)
{
    int          c;
    seed_t       seed = { 0 };
    const char  *key = NULL, *sessions = "1000", *work = "yes";

    static const struct option  options[] = {
        { "database", required_argument, NULL, 'd' },
        { "keystore", required_argument, NULL, 'k' },
        { "key", required_argument, NULL, 'f' },
        { "tenant", required_argument, NULL, 't' },
        { "sessions", required_argument, NULL, 's' },
        { "work", required_argument, NULL, 'w' },
        { "out", required_argument, NULL, 'o' },
        { NULL, 0, NULL, 0 }
    };

    if (sodium_init() < 0) {
        seed_die("libsodium does not start");
    }

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'd':
            seed.data = seed_connect(optarg);
            break;
        case 'k':
            seed.keys = seed_connect(optarg);
            break;
        case 'f':
            key = optarg;
            break;
        case 's':
            sessions = optarg;
            break;
        case 'w':
            work = optarg;
            break;
        case 'o':
            seed.out = fopen(optarg, "w");
            break;
        case 't':
            if (pupil_uuid_parse((uint8_t *) optarg, strlen(optarg),
                                 &seed.tenant) == PUPIL_OK)
            {
                break;
            }
            /* fall through */
        default:
            seed_die("usage: see the head of seed.c");
        }
    }

    if (seed.data == NULL || seed.keys == NULL || seed.out == NULL
        || key == NULL)
    {
        seed_die("usage: see the head of seed.c");
    }

    seed_keys_load(&seed, key);

    if (strcmp(work, "yes") == 0) {
        progress_fill(&seed);
    }

    sessions_fill(&seed, sessions);
    fclose(seed.out);
    PQfinish(seed.data);
    PQfinish(seed.keys);

    return 0;
}
