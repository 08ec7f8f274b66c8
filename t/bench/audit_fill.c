/*
 * Copyright (C) the Pupil authors
 *
 * Fills the audit of a tenant with authentic records, as workers would have
 * written them over some time: the sealer seals them, and pupilctl audit verify
 * finds nothing.
 *
 *     audit_fill --database C --keystore C --key KEKFILE --tenant T
 *         --shape HEX --policy HEX --records N --people N --since T --until T
 *         [--subject ID --events N]
 *
 * shape: of accesses that are about the actor.  Nine of ten records are of
 * people who look at their own, one of somebody who looks at another's.  So
 * many events are about the subject, spread over all; times are microseconds.
 */

#include <arpa/inet.h>
#include <getopt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "seeding.h"
#include "core/audit/record.h"
#include "core/base/text.h"


#define WRITERS    4
#define PG_EPOCH   INT64_C(946684800000000)     /* 2000-01-01 */
#define FLUSH      ((size_t) 1 << 20)
#define ROW_MAX    1024
#define UUID_OID   2950

typedef struct {
    seed_t         seed;
    long           records, people, events;
    pupil_time_t   since, until;
    pupil_uuid_t   subject, institution;
    pupil_uuid_t  *persons;
    uint8_t        shape[PUPIL_HASH_LEN], policy[PUPIL_HASH_LEN];
    uint64_t       writers[WRITERS], numbers[WRITERS];
    uint8_t        out[FLUSH + ROW_MAX];
    size_t         len;
} fill_t;


static void
put(fill_t *fill, const void *data, size_t len)
{
    memcpy(fill->out + fill->len, data, len);
    fill->len += len;
}


static void
put_u32(fill_t *fill, uint32_t value)
{
    value = htonl(value);
    put(fill, &value, sizeof(value));
}


static void
put_field(fill_t *fill, const void *data, size_t len)
{
    put_u32(fill, (uint32_t) len);
    put(fill, data, len);
}


static void
put_int8(fill_t *fill, uint64_t value)
{
    put_u32(fill, 8);
    put_u32(fill, (uint32_t) (value >> 32));
    put_u32(fill, (uint32_t) value);
}


/* NULL: an array of none. */
static void
put_uuids(fill_t *fill, const pupil_uuid_t *one)
{
    put_u32(fill, one != NULL ? 20 + 4 + PUPIL_UUID_LEN : 12);
    put_u32(fill, one != NULL ? 1 : 0);             /* dimensions */
    put_u32(fill, 0);                               /* no NULL */
    put_u32(fill, UUID_OID);

    if (one != NULL) {
        put_u32(fill, 1);
        put_u32(fill, 1);                           /* the first index */
        put_field(fill, one->b, PUPIL_UUID_LEN);
    }
}


/* In the order of the columns of COPY below. */
static void
put_row(fill_t *fill, const pupil_audit_record_t *r, const pupil_uuid_t *whom,
    const uint8_t mac[PUPIL_AUDIT_MAC_LEN])
{
    uint16_t  columns;

    static const uint8_t  network[] = {
        2, 24, 0, 4, 192, 0, 2, 0       /* family, bits, no cidr, bytes */
    };

    columns = htons(14);
    put(fill, &columns, sizeof(columns));
    put_int8(fill, (uint64_t) (r->at - PG_EPOCH));
    put_field(fill, r->tenant.b, PUPIL_UUID_LEN);
    put_field(fill, r->request.b, PUPIL_UUID_LEN);
    put_field(fill, r->actor.b, PUPIL_UUID_LEN);
    put_field(fill, r->role.data, r->role.len);
    put_field(fill, r->institution.b, PUPIL_UUID_LEN);
    put_field(fill, r->shape.data, r->shape.len);
    put_field(fill, r->policy.data, r->policy.len);
    put_field(fill, r->outcome.data, r->outcome.len);
    put_field(fill, network, sizeof(network));
    put_uuids(fill, whom);
    put_int8(fill, r->writer);
    put_int8(fill, r->number);
    put_field(fill, mac, PUPIL_AUDIT_MAC_LEN);
}


static const pupil_uuid_t *
person(const fill_t *fill)
{
    return &fill->persons[randombytes_uniform((uint32_t) fill->people)];
}


/* The subject's events come at equal distances. */
static int
is_subjects(const fill_t *fill, long i)
{
    return fill->events != 0
           && (i + 1) * fill->events / fill->records
              != i * fill->events / fill->records;
}


static void
record_make(fill_t *fill, long i)
{
    int                    w, other;
    char                   text[PUPIL_UUID_TEXT_LEN + 3] = "{}";
    uint8_t                mac[PUPIL_AUDIT_MAC_LEN];
    pupil_uuid_t           whom;
    pupil_audit_record_t   r = { 0 };

    w = (int) randombytes_uniform(WRITERS);
    other = i % 10 == 0;
    whom = is_subjects(fill, i) ? fill->subject : *person(fill);

    r.tenant = fill->seed.tenant;
    r.writer = fill->writers[w];
    r.number = ++fill->numbers[w];
    r.at = fill->since
           + (pupil_time_t) ((double) (fill->until - fill->since)
                             * (double) i / (double) fill->records);
    pupil_uuid_random(&r.request);
    r.actor = other ? *person(fill) : whom;
    r.institution = fill->institution;
    r.role = seed_str(other ? "teacher" : "pupil");
    r.network = seed_str("192.0.2.0/24");
    r.shape.data = fill->shape;
    r.shape.len = sizeof(fill->shape);
    r.policy.data = fill->policy;
    r.policy.len = sizeof(fill->policy);
    r.outcome = seed_str("allowed");

    if (other) {
        pupil_uuid_format(&whom, (uint8_t *) text + 1);
        text[PUPIL_UUID_TEXT_LEN + 1] = '}';
    }
    r.subjects = seed_str(text);

    pupil_audit_mac(&fill->seed.mac, &r, mac);
    put_row(fill, &r, other ? &whom : NULL, mac);
}


static void
flush(fill_t *fill)
{
    if (PQputCopyData(fill->seed.data, (const char *) fill->out,
                      (int) fill->len) != 1)
    {
        seed_die("copy: %s", PQerrorMessage(fill->seed.data));
    }

    fill->len = 0;
}


static void
records_make(fill_t *fill)
{
    long       i;
    PGconn    *pg;
    PGresult  *res;

    static const char  head[19] = "PGCOPY\n\377\r\n";
    static const char  tail[2] = "\377\377";

    pg = fill->seed.data;
    seed_run(pg, "COPY pupil.audit_record (at, tenant, request, actor, role,"
             " institution, shape, policy, outcome, network, subjects, writer,"
             " number, mac) FROM STDIN (FORMAT binary)", PGRES_COPY_IN);
    put(fill, head, sizeof(head));

    for (i = 0; i < fill->records; i++) {
        record_make(fill, i);

        if (fill->len >= FLUSH) {
            flush(fill);
        }
    }

    put(fill, tail, sizeof(tail));
    flush(fill);

    if (PQputCopyEnd(pg, NULL) != 1) {
        seed_die("copy: %s", PQerrorMessage(pg));
    }

    while ((res = PQgetResult(pg)) != NULL) {
        if (PQresultStatus(res) != PGRES_COMMAND_OK) {
            seed_die("copy: %s", PQerrorMessage(pg));
        }
        PQclear(res);
    }
}


static void
uuid_read(const char *text, pupil_uuid_t *id)
{
    if (pupil_uuid_parse((const uint8_t *) text, strlen(text), id) != PUPIL_OK)
    {
        seed_die("no UUID: %s", text);
    }
}


static void
hash_read(const char *text, uint8_t hash[PUPIL_HASH_LEN])
{
    size_t  len;

    if (sodium_hex2bin(hash, PUPIL_HASH_LEN, text, strlen(text), NULL, &len,
                       NULL) != 0
        || len != PUPIL_HASH_LEN)
    {
        seed_die("no hash: %s", text);
    }
}


static void
options_read(fill_t *fill, int argc, char **argv)
{
    int          c;
    const char  *key = NULL;

    static const struct option  options[] = {
        { "database", required_argument, NULL, 'd' },
        { "keystore", required_argument, NULL, 'k' },
        { "key", required_argument, NULL, 'f' },
        { "tenant", required_argument, NULL, 't' },
        { "shape", required_argument, NULL, 'h' },
        { "policy", required_argument, NULL, 'y' },
        { "records", required_argument, NULL, 'n' },
        { "people", required_argument, NULL, 'p' },
        { "since", required_argument, NULL, 'b' },
        { "until", required_argument, NULL, 'u' },
        { "subject", required_argument, NULL, 's' },
        { "events", required_argument, NULL, 'e' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'd':
            fill->seed.data = seed_connect(optarg);
            break;
        case 'k':
            fill->seed.keys = seed_connect(optarg);
            break;
        case 'f':
            key = optarg;
            break;
        case 't':
            uuid_read(optarg, &fill->seed.tenant);
            break;
        case 'h':
            hash_read(optarg, fill->shape);
            break;
        case 'y':
            hash_read(optarg, fill->policy);
            break;
        case 'n':
            fill->records = atol(optarg);
            break;
        case 'p':
            fill->people = atol(optarg);
            break;
        case 'b':
            fill->since = atoll(optarg);
            break;
        case 'u':
            fill->until = atoll(optarg);
            break;
        case 's':
            uuid_read(optarg, &fill->subject);
            break;
        case 'e':
            fill->events = atol(optarg);
            break;
        default:
            seed_die("usage: see the head of audit_fill.c");
        }
    }

    if (fill->seed.data == NULL || fill->seed.keys == NULL || key == NULL
        || fill->records <= 0 || fill->people <= 0)
    {
        seed_die("usage: see the head of audit_fill.c");
    }

    seed_keys_load(&fill->seed, key);
}


int
main(int argc, char **argv)
{
    long  i;

    static fill_t  fill;

    if (sodium_init() < 0) {
        seed_die("libsodium does not start");
    }

    options_read(&fill, argc, argv);
    pupil_uuid_random(&fill.institution);

    fill.persons = calloc((size_t) fill.people, sizeof(pupil_uuid_t));
    if (fill.persons == NULL) {
        seed_die("no memory");
    }

    for (i = 0; i < fill.people; i++) {
        pupil_uuid_random(&fill.persons[i]);
    }

    /* as a bigint shows them */
    for (i = 0; i < WRITERS; i++) {
        randombytes_buf(&fill.writers[i], sizeof(fill.writers[i]));
        fill.writers[i] >>= 1;
    }

    records_make(&fill);
    free(fill.persons);
    PQfinish(fill.seed.data);
    PQfinish(fill.seed.keys);

    return 0;
}
