/*
 * Copyright (C) the Pupil authors
 *
 * Adds groups of pupils to a school: as many authentic rows as asked for, made
 * as pupilctl and the gateway make them, but thousands a second.  A group is a
 * number of pupils, their teacher, and two classes with three homeworks each;
 * a pupil has handed in five exercises, and everybody has a session.
 *
 *     grow --database C --keystore C --key KEKFILE --tenant T
 *          --groups N --size PUPILS --pupils N --teachers N --out FILE
 *
 * FILE gets a line for each of so many pupils and teachers, spread over all:
 * role, token, CSRF token, subject, institution, log-in name, and what a pupil
 * can hand in ("homework:exercise ...") or a teacher look at ("homework ...").
 * Everybody's password is the one in PASSWORD below.
 */

#include <getopt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "grow_copy.h"
#include "seed_facts.h"
#include "core/login/password.h"
#include "core/base/text.h"


#define PASSWORD    "A long password of everybody, 2026"
#define CLASSES     2       /* of a group */
#define HOMEWORKS   3       /* of a class */
#define EXERCISES   3       /* of a homework */
#define DONE        5       /* exercises that a pupil has handed in */
#define SEALED_MAX  1024
#define FLUSH       ((size_t) 4 << 20)      /* bytes for a table */
#define DAY         INT64_C(86400)
#define SINCE       20000   /* 2024-10-04, as days since 1970 */

/* Whose key seals, and the key. */
typedef struct {
    pupil_uuid_t  id;
    pupil_key_t   key;
} owner_t;

typedef struct {
    owner_t       owner;
    pupil_uuid_t  homework[HOMEWORKS];
    pupil_uuid_t  exercise[HOMEWORKS][EXERCISES];
} class_t;

typedef struct {
    seed_t        seed;
    pupil_uuid_t  institution;
    char          hash[PUPIL_PASSWORD_HASH_LEN];
    long          groups, size, pupils, teachers;
    long          pupils_made, teachers_made;
    class_t       classes[CLASSES];
} grow_t;


/* Sets place, but for the field. */
static const pupil_subkey_t *
place_key(const grow_t *grow, const owner_t *owner, const char *category,
    const pupil_uuid_t *record, pupil_place_t *place)
{
    static pupil_subkey_t  subkey;
    static pupil_uuid_t    of;
    static const char     *derived;

    if (derived != category || memcmp(&of, &owner->id, sizeof(of)) != 0) {
        pupil_subkey_derive(&owner->key, seed_str(category), &subkey);
        derived = category;
        of = owner->id;
    }

    place->tenant = grow->seed.tenant;
    place->owner = owner->id;
    place->record = *record;
    place->category = seed_str(category);
    place->key_version = 1;

    return &subkey;
}


/* facts: NULL for a record that has none. */
static void
put_bound(const grow_t *grow, copy_t *t, const owner_t *owner,
    const char *category, const char *field, const pupil_uuid_t *record,
    const char *text, seed_facts_t *facts)
{
    size_t                 len = strlen(text);
    uint8_t                sealed[SEALED_MAX];
    pupil_place_t          place;
    const pupil_subkey_t  *key;

    key = place_key(grow, owner, category, record, &place);
    place.field = seed_str(field);

    if (pupil_seal_size(len) > sizeof(sealed)
        || pupil_seal(key, &place, (const uint8_t *) text, len, sealed)
           != PUPIL_OK)
    {
        seed_die("cannot seal");
    }

    copy_bytes(t, sealed, pupil_seal_size(len));

    if (facts != NULL) {
        seed_facts_put(facts, field, sealed, pupil_seal_size(len));
    }
}


static void
put_sealed(const grow_t *grow, copy_t *t, const owner_t *owner,
    const char *category, const char *field, const pupil_uuid_t *record,
    const char *text)
{
    put_bound(grow, t, owner, category, field, record, text, NULL);
}


/* A column that the facts bind. */
static void
put_id(copy_t *t, const char *field, const pupil_uuid_t *id,
    seed_facts_t *facts)
{
    copy_uuid(t, id);
    seed_facts_put(facts, field, id->b, sizeof(id->b));
}


static void
put_facts(const grow_t *grow, copy_t *t, const owner_t *owner,
    const char *category, const pupil_uuid_t *record, seed_facts_t *facts)
{
    uint8_t                out[PUPIL_BOUND_MAX];
    pupil_place_t          place;
    const pupil_subkey_t  *key;

    key = place_key(grow, owner, category, record, &place);
    copy_bytes(t, out, seed_facts_end(facts, key, &place, out));
}


/* Owners, persons, classes */

static void
owner_make(const grow_t *grow, owner_t *owner, const char *kind)
{
    copy_t           *t;
    uint8_t            wrapped[PUPIL_WRAPPED_LEN];
    pupil_wrapping_t   what = { .object = PUPIL_OBJECT_OWNER_KEY };

    pupil_uuid_random(&owner->id);
    pupil_key_random(&owner->key);

    what.tenant = grow->seed.tenant;
    what.id = owner->id;
    what.version = 1;
    what.parent_version = grow->seed.tenant_version;

    if (pupil_wrap(&grow->seed.tenant_key, &what, &owner->key, wrapped)
        != PUPIL_OK)
    {
        seed_die("cannot wrap");
    }

    t = copy_row(&grow->seed, OWNER);
    copy_uuid(t, &owner->id);
    copy_text(t, kind);

    t = copy_row(&grow->seed, OWNER_KEY);
    copy_uuid(t, &owner->id);
    copy_text(t, "active");
    copy_int4(t, 1);
    copy_int4(t, grow->seed.tenant_version);
    copy_bytes(t, wrapped, sizeof(wrapped));
}


/* The rows that authorise. */
static void
person_authorise(const grow_t *grow, const owner_t *who, const char *role)
{
    copy_t              *t;
    uint8_t               mac[PUPIL_MAC_LEN];
    pupil_role_row_t      r = { .valid_to = PUPIL_DATE_NONE };
    pupil_subject_row_t   s;

    s.tenant = grow->seed.tenant;
    s.subject = who->id;
    s.status = seed_str("active");
    s.source = seed_str(SOURCE);
    s.number = 0;
    pupil_mac_subject(&grow->seed.mac, &s, mac);

    t = copy_row(&grow->seed, SUBJECT);
    copy_uuid(t, &who->id);
    copy_text(t, "active");
    copy_text(t, SOURCE);
    copy_bytes(t, mac, pupil_mac_len(mac));

    r.tenant = grow->seed.tenant;
    r.subject = who->id;
    r.institution = grow->institution;
    r.role = seed_str(role);
    r.valid_from = SINCE;
    r.source = seed_str(SOURCE);
    pupil_mac_role(&grow->seed.mac, &r, mac);

    t = copy_row(&grow->seed, ROLE);
    copy_uuid(t, &who->id);
    copy_uuid(t, &grow->institution);
    copy_text(t, role);
    copy_date(t, SINCE);
    copy_text(t, SOURCE);
    copy_bytes(t, mac, pupil_mac_len(mac));
}


static void
person_log_in(const grow_t *grow, const owner_t *who, const char *role,
    const char *login, seed_session_t *session)
{
    copy_t            *t;
    uint8_t             term[PUPIL_TERM_LEN], mac[PUPIL_MAC_LEN], bucket[32];
    pupil_uuid_t        record;
    seed_facts_t        facts;
    pupil_index_row_t   x;

    pupil_blind_term(&grow->seed.login_id, seed_str(login), term);
    x.tenant = grow->seed.tenant;
    x.category = seed_str("credential");
    x.field = seed_str("login_id");
    x.term.data = term;
    x.term.len = sizeof(term);
    x.owner = who->id;
    x.record = who->id;
    pupil_mac_index(&grow->seed.mac, &x, mac);

    t = copy_row(&grow->seed, BLIND_INDEX);
    copy_text(t, "credential");
    copy_text(t, "login_id");
    copy_bytes(t, term, sizeof(term));
    copy_uuid(t, &who->id);
    copy_uuid(t, &who->id);
    copy_bytes(t, mac, pupil_mac_len(mac));

    seed_facts_begin(&facts, "credential");
    t = copy_record(&grow->seed, CREDENTIAL, &who->id, &who->id);
    put_bound(grow, t, who, "credential", "login_id", &who->id, login,
              &facts);
    put_bound(grow, t, who, "credential", "password_hash", &who->id,
              grow->hash, &facts);
    put_facts(grow, t, who, "credential", &who->id, &facts);

    seed_session_make(&grow->seed, &who->id, &grow->institution,
                      seed_str(role), 0, session);

    t = copy_row(&grow->seed, SESSION);
    copy_bytes(t, session->hash, sizeof(session->hash));
    copy_uuid(t, &who->id);
    copy_text(t, role);
    copy_uuid(t, &grow->institution);
    copy_time(t, session->row.created_at);
    copy_time(t, session->row.seen_at);
    copy_time(t, session->row.expires_at);
    copy_bytes(t, session->mac, pupil_mac_len(session->mac));

    pupil_uuid_random(&record);
    t = copy_record(&grow->seed, NETWORK, &who->id, &record);
    put_sealed(grow, t, who, "network", "address", &record, "192.0.2.77");
    copy_time(t, grow->seed.now);

    pupil_bucket_make(&grow->seed.token, "identifier", seed_str(login),
                      seed_str(""), bucket);
    t = copy_row(&grow->seed, THROTTLE);
    copy_bytes(t, bucket, sizeof(bucket));
    copy_int4(t, 0);
    copy_time(t, grow->seed.now);
    copy_time(t, grow->seed.now);
}


static void
person_make(const grow_t *grow, owner_t *who, const char *role, char *login,
    seed_session_t *session)
{
    copy_t  *t;

    owner_make(grow, who, "subject");
    person_authorise(grow, who, role);

    /* as long as names are, and no two the same */
    sodium_bin2hex(login, 25, who->id.b, 12);
    login[0] = role[0];

    t = copy_record(&grow->seed, IDENTITY, &who->id, &who->id);
    put_sealed(grow, t, who, "identity", "given_name", &who->id, "Alexandra");
    put_sealed(grow, t, who, "identity", "family_name", &who->id, login);

    person_log_in(grow, who, role, login, session);
}


static void
enrol(const grow_t *grow, const owner_t *who, const class_t *class,
    const char *role)
{
    copy_t                *t;
    uint8_t                 mac[PUPIL_MAC_LEN];
    pupil_enrolment_row_t   e = { .valid_to = PUPIL_DATE_NONE };

    e.tenant = grow->seed.tenant;
    pupil_uuid_random(&e.enrolment);
    e.subject = who->id;
    e.class_id = class->owner.id;
    e.institution = grow->institution;
    e.role = seed_str(role);
    e.valid_from = SINCE;
    e.source = seed_str(SOURCE);
    pupil_mac_enrolment(&grow->seed.mac, &e, mac);

    t = copy_row(&grow->seed, ENROLMENT);
    copy_uuid(t, &e.enrolment);
    copy_uuid(t, &who->id);
    copy_uuid(t, &class->owner.id);
    copy_uuid(t, &grow->institution);
    copy_text(t, role);
    copy_date(t, SINCE);
    copy_text(t, SOURCE);
    copy_bytes(t, mac, pupil_mac_len(mac));
}


static void
homework_make(const grow_t *grow, class_t *class, int n,
    const pupil_uuid_t *teacher)
{
    int            x;
    char           title[64], text[512], id[PUPIL_UUID_TEXT_LEN + 1];
    size_t         len = 0;
    copy_t       *t;
    pupil_time_t   due;
    seed_facts_t   facts;
    pupil_uuid_t  *record = &class->homework[n];

    pupil_uuid_random(record);
    id[PUPIL_UUID_TEXT_LEN] = '\0';

    for (x = 0; x < EXERCISES; x++) {
        pupil_uuid_random(&class->exercise[n][x]);
        pupil_uuid_format(&class->exercise[n][x], (uint8_t *) id);
        len += (size_t) snprintf(text + len, sizeof(text) - len,
                                 "%c{\"id\":\"%s\",\"title\":\"Part %d\","
                                 "\"max_score\":10}", x ? ',' : '[', id,
                                 x + 1);
    }
    snprintf(text + len, sizeof(text) - len, "]");
    snprintf(title, sizeof(title), "Chapter %d, the examples", n + 1);

    due = grow->seed.now + (30 + n) * DAY * 1000000;
    seed_facts_begin(&facts, "homework");

    t = copy_record(&grow->seed, HOMEWORK, &class->owner.id, record);
    put_bound(grow, t, &class->owner, "homework", "title", record, title,
              &facts);
    put_bound(grow, t, &class->owner, "homework", "description", record,
               "Read the unit, work through its examples, and then answer the"
               " questions in your own words. Hand in all parts before the day"
               " it is due; late work needs a reason.", &facts);
    put_bound(grow, t, &class->owner, "homework", "exercises", record, text,
              &facts);
    copy_uuids(t, class->exercise[n], EXERCISES);
    seed_facts_put_uuids(&facts, "exercise_ids", class->exercise[n],
                         EXERCISES);
    put_id(t, "assigned_by", teacher, &facts);
    copy_time(t, grow->seed.now - DAY * 1000000);
    seed_facts_put_time(&facts, "assigned_at",
                        grow->seed.now - DAY * 1000000);
    copy_time(t, due);
    seed_facts_put_time(&facts, "due_at", due);
    put_facts(grow, t, &class->owner, "homework", record, &facts);
}


static void
class_make(const grow_t *grow, class_t *class, const owner_t *teacher, int n)
{
    int       h;
    char      title[64];
    copy_t  *t;

    owner_make(grow, &class->owner, "class");
    snprintf(title, sizeof(title), "%s %ld", n ? "English" : "Mathematics",
             grow->teachers_made);

    t = copy_row(&grow->seed, CLASS);
    copy_uuid(t, &class->owner.id);
    copy_uuid(t, &grow->institution);
    put_sealed(grow, t, &class->owner, "enrolment", "class_title",
               &class->owner.id, title);
    copy_text(t, SOURCE);

    enrol(grow, teacher, class, "teacher");

    for (h = 0; h < HOMEWORKS; h++) {
        homework_make(grow, class, h, &teacher->id);
    }
}


static void
progress_make(const grow_t *grow, const owner_t *who, int n)
{
    int             h = n / EXERCISES % HOMEWORKS;
    char            answer[128], result[128], done = 1;
    copy_t        *t;
    uint8_t         print[32];
    seed_facts_t    facts;
    pupil_uuid_t    record;
    const class_t  *class = &grow->classes[n / (EXERCISES * HOMEWORKS)];

    snprintf(answer, sizeof(answer),
             "{\"text\":\"The answer is %d, because it follows.\"}", n);
    snprintf(result, sizeof(result), "{\"score\":{\"raw\":%d,\"max\":10},"
             "\"completion\":true,\"duration\":\"PT%dS\"}", n % 11, 20 + n);
    pupil_uuid_random(&record);
    pupil_fingerprint_make(&grow->seed.fingerprint, seed_str(answer), print);

    seed_facts_begin(&facts, "progress");

    t = copy_record(&grow->seed, PROGRESS, &who->id, &record);
    put_id(t, "homework_id", &class->homework[h], &facts);
    put_id(t, "class_id", &class->owner.id, &facts);
    put_id(t, "exercise_id", &class->exercise[h][n % EXERCISES], &facts);
    copy_bytes(t, &done, 1);
    seed_facts_put(&facts, "done", &done, 1);
    put_bound(grow, t, who, "progress", "answer", &record, answer, &facts);
    put_bound(grow, t, who, "progress", "result", &record, result, &facts);
    copy_bytes(t, print, sizeof(print));
    put_facts(grow, t, who, "progress", &record, &facts);
}


/* The lines of FILE */

static void
print_id(FILE *out, char before, const pupil_uuid_t *id)
{
    uint8_t  text[PUPIL_UUID_TEXT_LEN];

    pupil_uuid_format(id, text);
    fprintf(out, "%c%.36s", before, text);
}


static void
print_line(const grow_t *grow, const char *role, const owner_t *who,
    const seed_session_t *session, const char *login)
{
    int             c, h, x;
    FILE           *out = grow->seed.out;
    const class_t  *class;

    fprintf(out, "%s %s %s", role, session->token, session->csrf);
    print_id(out, ' ', &who->id);
    print_id(out, ' ', &grow->institution);
    fprintf(out, " %s", login);

    for (c = 0; c < CLASSES; c++) {
        class = &grow->classes[c];

        for (h = 0; h < HOMEWORKS; h++) {
            for (x = 0; x < EXERCISES; x++) {
                if (role[0] == 'p' || x == 0) {
                    print_id(out, ' ', &class->homework[h]);
                }
                if (role[0] == 'p') {
                    print_id(out, ':', &class->exercise[h][x]);
                }
            }
        }
    }

    fputc('\n', out);
}


/* Is the n-th of all one of the so many that FILE is to have? */
static int
chosen(long n, long all, long wanted)
{
    return wanted >= all || (n + 1) * wanted / all > n * wanted / all;
}


static void
group_make(grow_t *grow)
{
    int             n;
    long            i;
    char            login[32];
    owner_t         teacher, pupil;
    seed_session_t  session;

    person_make(grow, &teacher, "teacher", login, &session);

    for (n = 0; n < CLASSES; n++) {
        class_make(grow, &grow->classes[n], &teacher, n);
    }

    if (chosen(grow->teachers_made++, grow->groups, grow->teachers)) {
        print_line(grow, "teacher", &teacher, &session, login);
    }

    for (i = 0; i < grow->size; i++) {
        person_make(grow, &pupil, "pupil", login, &session);

        for (n = 0; n < CLASSES; n++) {
            enrol(grow, &pupil, &grow->classes[n], "pupil");
        }

        for (n = 0; n < DONE; n++) {
            progress_make(grow, &pupil, n);
        }

        if (chosen(grow->pupils_made++, grow->groups * grow->size,
                   grow->pupils))
        {
            print_line(grow, "pupil", &pupil, &session, login);
        }
    }
}


static void
school_make(grow_t *grow)
{
    copy_t  *t;
    owner_t   owner;

    owner_make(grow, &owner, "institution");
    grow->institution = owner.id;

    t = copy_row(&grow->seed, INSTITUTION);
    copy_uuid(t, &owner.id);
    put_sealed(grow, t, &owner, "enrolment", "school_title", &owner.id,
               "The Growing School");
    copy_text(t, SOURCE);
}


static void
options_read(grow_t *grow, int argc, char **argv)
{
    int          c;
    const char  *key = NULL;

    static const struct option  options[] = {
        { "database", required_argument, NULL, 'd' },
        { "keystore", required_argument, NULL, 'k' },
        { "key", required_argument, NULL, 'f' },
        { "tenant", required_argument, NULL, 't' },
        { "groups", required_argument, NULL, 'g' },
        { "size", required_argument, NULL, 'n' },
        { "pupils", required_argument, NULL, 'p' },
        { "teachers", required_argument, NULL, 'l' },
        { "out", required_argument, NULL, 'o' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'd':
            grow->seed.data = seed_connect(optarg);
            break;
        case 'k':
            grow->seed.keys = seed_connect(optarg);
            break;
        case 'f':
            key = optarg;
            break;
        case 'g':
            grow->groups = atol(optarg);
            break;
        case 'n':
            grow->size = atol(optarg);
            break;
        case 'p':
            grow->pupils = atol(optarg);
            break;
        case 'l':
            grow->teachers = atol(optarg);
            break;
        case 'o':
            grow->seed.out = fopen(optarg, "w");
            break;
        case 't':
            if (pupil_uuid_parse((uint8_t *) optarg, strlen(optarg),
                                 &grow->seed.tenant) == PUPIL_OK)
            {
                break;
            }
            /* fall through */
        default:
            seed_die("usage: see the head of grow.c");
        }
    }

    if (grow->seed.data == NULL || grow->seed.keys == NULL
        || grow->seed.out == NULL || key == NULL)
    {
        seed_die("usage: see the head of grow.c");
    }

    seed_keys_load(&grow->seed, key);
}


int
main(int argc, char **argv)
{
    long                          i;
    const pupil_password_cost_t   cost = { 19456, 2 };

    static grow_t  grow = { .size = 30 };

    if (sodium_init() < 0) {
        seed_die("libsodium does not start");
    }

    options_read(&grow, argc, argv);

    if (pupil_password_hash(seed_str(PASSWORD), &cost, grow.hash) != PUPIL_OK)
    {
        seed_die("cannot hash");
    }

    school_make(&grow);

    for (i = 0; i < grow.groups; i++) {
        group_make(&grow);
        copy_flush(&grow.seed, FLUSH);
    }

    copy_flush(&grow.seed, 0);
    fclose(grow.seed.out);
    PQfinish(grow.seed.data);
    PQfinish(grow.seed.keys);

    return 0;
}
