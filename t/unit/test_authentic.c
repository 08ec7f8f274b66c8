/*
 * Copyright (C) the Pupil authors
 *
 * Authentic rows: known answers, and every column counts.
 */

#include <sodium.h>

#include "authentic_vectors.h"
#include "core/vault/authentic.h"
#include "tap.h"


typedef union {
    pupil_subject_row_t    subject;
    pupil_role_row_t       role;
    pupil_enrolment_row_t  enrolment;
    pupil_index_row_t      index;
    pupil_session_row_t    session;
    pupil_mail_row_t       mail;
    pupil_image_row_t      image;
} row_t;

typedef enum {
    UUID,
    STR,
    DAYS,
    TIME
} type_t;

typedef struct {
    type_t       type;
    size_t       offset;
    const char  *name;
} column_t;

typedef struct {
    const char      *name;
    const char      *known;
    void           (*make)(row_t *row);
    void           (*mac)(const pupil_key_t *key, const row_t *row,
                          uint8_t *mac);
    const column_t  *columns;       /* up to a NULL name */
} table_t;


static pupil_key_t  key;
static uint8_t      term[32];


static pupil_uuid_t
uuid(uint8_t from)
{
    size_t        i;
    pupil_uuid_t  u;

    for (i = 0; i < sizeof(u.b); i++) {
        u.b[i] = (uint8_t) (from + i);
    }

    return u;
}


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static pupil_str_t
bytes(void)
{
    size_t       i;
    pupil_str_t  s = { term, sizeof(term) };

    for (i = 0; i < sizeof(term); i++) {
        term[i] = (uint8_t) (9 + i);
    }

    return s;
}


static void
row_subject(row_t *row)
{
    row->subject.tenant = uuid(1);
    row->subject.subject = uuid(2);
    row->subject.status = str("active");
    row->subject.source = str("oneroster");
    row->subject.number = 0;
}


static void
row_role(row_t *row)
{
    row->role.tenant = uuid(1);
    row->role.subject = uuid(2);
    row->role.institution = uuid(3);
    row->role.role = str("teacher");
    row->role.valid_from = 20000;
    row->role.valid_to = PUPIL_DATE_NONE;
    row->role.source = str("oneroster");
    row->role.number = 0;
}


static void
row_enrolment(row_t *row)
{
    row->enrolment.tenant = uuid(1);
    row->enrolment.enrolment = uuid(2);
    row->enrolment.subject = uuid(3);
    row->enrolment.class_id = uuid(4);
    row->enrolment.institution = uuid(5);
    row->enrolment.role = str("pupil");
    row->enrolment.valid_from = 20000;
    row->enrolment.valid_to = 20365;
    row->enrolment.source = str("oneroster");
    row->enrolment.number = 0;
}


static void
row_index(row_t *row)
{
    row->index.tenant = uuid(1);
    row->index.category = str("contact");
    row->index.field = str("email");
    row->index.term = bytes();
    row->index.owner = uuid(2);
    row->index.record = uuid(3);
}


static void
row_session(row_t *row)
{
    row->session.tenant = uuid(1);
    row->session.token_hash = bytes();
    row->session.subject = uuid(2);
    row->session.role = str("teacher");
    row->session.institution = uuid(3);
    row->session.created_at = 1000;
    row->session.seen_at = 2000;
    row->session.expires_at = 3000;
    row->session.proved_at = 0;
    row->session.provider_session = str("");
    row->session.provider_subject = str("");
    row->session.number = 0;
    row->session.limited = 0;
    row->session.second = 0;
}


static void
row_there(row_t *row)
{
    row_session(row);
    row->session.proved_at = 2500;
    row->session.provider_session = str("a session there");
    row->session.provider_subject = str("a subject there");
}


static void
row_mail(row_t *row)
{
    row->mail.tenant = uuid(1);
    row->mail.mail = uuid(2);
    row->mail.subject = uuid(3);
    row->mail.kind = str("password_changed");
    row->mail.language = str("sv");
    row->mail.created_at = 1000;
    row->mail.link = str("");
    row->mail.sealed = str("");
    row->mail.floors = 0;
    row->mail.number = 0;
}


static void
row_link(row_t *row)
{
    row_mail(row);
    row->mail.link = str("https://school.example/password");
    row->mail.number = 7;
}


static void
row_image(row_t *row)
{
    row->image.tenant = uuid(1);
    row->image.run = uuid(2);
    row->image.record = uuid(3);
    row->image.owner = uuid(4);
    row->image.image = str("a sealed image");
}


static void
mac_subject(const pupil_key_t *k, const row_t *row, uint8_t *mac)
{
    pupil_mac_subject(k, &row->subject, mac);
}


static void
mac_role(const pupil_key_t *k, const row_t *row, uint8_t *mac)
{
    pupil_mac_role(k, &row->role, mac);
}


static void
mac_enrolment(const pupil_key_t *k, const row_t *row, uint8_t *mac)
{
    pupil_mac_enrolment(k, &row->enrolment, mac);
}


static void
mac_index(const pupil_key_t *k, const row_t *row, uint8_t *mac)
{
    pupil_mac_index(k, &row->index, mac);
}


static void
mac_session(const pupil_key_t *k, const row_t *row, uint8_t *mac)
{
    pupil_mac_session(k, &row->session, mac);
}


static void
mac_mail(const pupil_key_t *k, const row_t *row, uint8_t *mac)
{
    pupil_mac_mail(k, &row->mail, mac);
}


static void
mac_image(const pupil_key_t *k, const row_t *row, uint8_t *mac)
{
    pupil_mac_image(k, &row->image, mac);
}


#define COLUMN(type, table, name)                                            \
    { type, offsetof(pupil_ ## table ## _row_t, name), #name }
#define END  { UUID, 0, NULL }

static const column_t  subject_columns[] = {
    COLUMN(UUID, subject, tenant), COLUMN(UUID, subject, subject),
    COLUMN(STR, subject, status), COLUMN(STR, subject, source),
    COLUMN(DAYS, subject, number), END
};

static const column_t  role_columns[] = {
    COLUMN(UUID, role, tenant), COLUMN(UUID, role, subject),
    COLUMN(UUID, role, institution), COLUMN(STR, role, role),
    COLUMN(DAYS, role, valid_from), COLUMN(DAYS, role, valid_to),
    COLUMN(STR, role, source), COLUMN(DAYS, role, number), END
};

static const column_t  enrolment_columns[] = {
    COLUMN(UUID, enrolment, tenant), COLUMN(UUID, enrolment, enrolment),
    COLUMN(UUID, enrolment, subject), COLUMN(UUID, enrolment, class_id),
    COLUMN(UUID, enrolment, institution), COLUMN(STR, enrolment, role),
    COLUMN(DAYS, enrolment, valid_from), COLUMN(DAYS, enrolment, valid_to),
    COLUMN(STR, enrolment, source), COLUMN(DAYS, enrolment, number), END
};

static const column_t  index_columns[] = {
    COLUMN(UUID, index, tenant), COLUMN(STR, index, category),
    COLUMN(STR, index, field), COLUMN(STR, index, term),
    COLUMN(UUID, index, owner), COLUMN(UUID, index, record), END
};

static const column_t  session_columns[] = {
    COLUMN(UUID, session, tenant), COLUMN(STR, session, token_hash),
    COLUMN(UUID, session, subject), COLUMN(STR, session, role),
    COLUMN(UUID, session, institution), COLUMN(TIME, session, created_at),
    COLUMN(TIME, session, seen_at), COLUMN(TIME, session, expires_at),
    COLUMN(TIME, session, proved_at), COLUMN(DAYS, session, number), END
};

static const column_t  there_columns[] = {
    COLUMN(STR, session, token_hash), COLUMN(TIME, session, proved_at),
    COLUMN(STR, session, provider_session),
    COLUMN(STR, session, provider_subject), COLUMN(DAYS, session, number), END
};

static const column_t  mail_columns[] = {
    COLUMN(UUID, mail, tenant), COLUMN(UUID, mail, mail),
    COLUMN(UUID, mail, subject), COLUMN(STR, mail, kind),
    COLUMN(STR, mail, language), COLUMN(TIME, mail, created_at), END
};

static const column_t  image_columns[] = {
    COLUMN(UUID, image, tenant), COLUMN(UUID, image, run),
    COLUMN(UUID, image, record), COLUMN(UUID, image, owner),
    COLUMN(STR, image, image), END
};

static const column_t  link_columns[] = {
    COLUMN(UUID, mail, tenant), COLUMN(UUID, mail, mail),
    COLUMN(UUID, mail, subject), COLUMN(STR, mail, kind),
    COLUMN(STR, mail, language), COLUMN(TIME, mail, created_at),
    COLUMN(STR, mail, link), COLUMN(DAYS, mail, number), END
};

static const table_t  tables[] = {
    { "subject", vec_mac_subject, row_subject, mac_subject,
      subject_columns },
    { "role", vec_mac_role, row_role, mac_role, role_columns },
    { "enrolment", vec_mac_enrolment, row_enrolment, mac_enrolment,
      enrolment_columns },
    { "index", vec_mac_index, row_index, mac_index, index_columns },
    { "session", vec_mac_session, row_session, mac_session,
      session_columns },
    { "mail", vec_mac_mail, row_mail, mac_mail, mail_columns },
    { "session at a provider", vec_mac_there, row_there, mac_session,
      there_columns },
    { "image", vec_mac_image, row_image, mac_image, image_columns },
    { "mail with a link", vec_mac_link, row_link, mac_mail, link_columns },
};


static int
tampered(const table_t *table, const row_t *row, const uint8_t *stored)
{
    uint8_t      made[PUPIL_MAC_LEN];
    pupil_str_t  mac = { stored, pupil_mac_len(stored) };

    table->mac(&key, row, made);

    return pupil_mac_check(made, mac) == PUPIL_TAMPERED;
}


/* Each bit of a number or UUID; of a text its first byte and its length. */
static int
column_counts(const table_t *table, const column_t *column,
    const uint8_t *stored)
{
    row_t         row;
    size_t        i, n;
    uint8_t       text[64], *p;
    pupil_str_t  *s;

    if (column->type == STR) {
        for (i = 0; i < 2; i++) {
            table->make(&row);
            s = (pupil_str_t *) ((char *) &row + column->offset);
            memset(text, 'x', sizeof(text));
            memcpy(text, s->data, s->len);
            s->data = text;

            if (i == 0) {
                text[0] ^= 1;
            } else {
                s->len--;
            }

            if (!tampered(table, &row, stored)) {
                return 0;
            }
        }

        return 1;
    }

    n = column->type == UUID ? 16 : column->type == DAYS ? 4 : 8;

    for (i = 0; i < 8 * n; i++) {
        table->make(&row);
        p = (uint8_t *) &row + column->offset;
        p[i / 8] ^= (uint8_t) (1 << i % 8);

        if (!tampered(table, &row, stored)) {
            return 0;
        }
    }

    return 1;
}


static void
swap(row_t *row, const column_t *a, const column_t *b)
{
    size_t   n;
    uint8_t  kept[sizeof(pupil_str_t)], *x, *y;

    n = a->type == UUID ? 16 : a->type == DAYS ? 4 : a->type == TIME ? 8
        : sizeof(pupil_str_t);
    x = (uint8_t *) row + a->offset;
    y = (uint8_t *) row + b->offset;

    memcpy(kept, x, n);
    memcpy(x, y, n);
    memcpy(y, kept, n);
}


static void
test_table(const table_t *table)
{
    row_t            row;
    uint8_t          want[PUPIL_MAC_LEN], mac[PUPIL_MAC_LEN];
    const column_t  *a, *b;

    memset(want, 0, sizeof(want));
    sodium_hex2bin(want, sizeof(want), table->known, strlen(table->known),
                   NULL, NULL, NULL);
    table->make(&row);
    table->mac(&key, &row, mac);
    ok(memcmp(mac, want, sizeof(mac)) == 0, "known answer: %s", table->name);
    ok(!tampered(table, &row, mac), "I18: %s unchanged is authentic",
       table->name);

    for (a = table->columns; a->name != NULL; a++) {
        ok(column_counts(table, a, mac), "I18: %s.%s changed is found",
           table->name, a->name);

        for (b = a + 1; b->name != NULL; b++) {
            if (a->type != b->type) {
                continue;
            }

            table->make(&row);
            swap(&row, a, b);
            ok(tampered(table, &row, mac), "I18: %s.%s and %s swapped are"
               " found", table->name, a->name, b->name);
        }
    }

    key.b[31] ^= 1;
    table->make(&row);
    ok(tampered(table, &row, mac), "I18: %s under another key is refused",
       table->name);
    key.b[31] ^= 1;
}


/* Texts next to each other must not run into each other. */
static void
test_boundaries(void)
{
    row_t    row;
    uint8_t  mac[PUPIL_MAC_LEN];

    row_subject(&row);
    pupil_mac_subject(&key, &row.subject, mac);
    row.subject.status = str("activeo");
    row.subject.source = str("neroster");
    ok(tampered(&tables[0], &row, mac), "I18: a byte moved from source to"
       " status is found");

    row_index(&row);
    pupil_mac_index(&key, &row.index, mac);
    row.index.category = str("contacte");
    row.index.field = str("mail");
    ok(tampered(&tables[3], &row, mac), "I18: a byte moved from field to"
       " category is found");
}


/* One by a second factor says so in its number, which its MAC covers. */
static void
test_second(void)
{
    row_t                row;
    uint8_t              mac[PUPIL_MAC_LEN];
    pupil_str_t          stored = { mac, PUPIL_MAC_LEN };
    pupil_session_row_t  read;

    row_session(&row);
    row.session.number = 7;
    pupil_mac_session(&key, &row.session, mac);

    mac[32] |= 0x40;
    pupil_mac_session_read(stored, &read);
    row.session.second = read.second;
    ok(read.number == 7 && read.second, "one that says it had a second factor");
    pupil_mac_session(&key, &row.session, mac);
    pupil_mac_session_read(stored, &read);
    ok(read.number == 7 && read.second && !read.limited, "one that had it");

    row.session.second = 0;
    pupil_mac_session(&key, &row.session, mac);
    mac[32] |= 0x40;
    row.session.second = 1;
    {
        uint8_t  made[PUPIL_MAC_LEN];

        pupil_mac_session(&key, &row.session, made);
        ok(pupil_mac_check(made, stored) == PUPIL_TAMPERED, "I18: is found");
    }
}


/* A session that is limited says so in its number, which its MAC covers. */
static void
test_limited(void)
{
    row_t                row;
    uint8_t              mac[PUPIL_MAC_LEN], free_[PUPIL_MAC_LEN];
    pupil_str_t          stored = { mac, PUPIL_MAC_LEN };
    pupil_session_row_t  read;

    row_session(&row);
    row.session.number = 7;
    pupil_mac_session(&key, &row.session, free_);

    row.session.limited = 1;
    pupil_mac_session(&key, &row.session, mac);
    pupil_mac_session_read(stored, &read);

    ok(read.number == 7 && read.limited, "a session that is limited");
    ok(memcmp(mac, free_, 32) != 0, "I18: that counts");

    mac[32] &= 0x7f;
    pupil_mac_session_read(stored, &read);
    ok(read.number == 7 && !read.limited, "one that says it is not");
    ok(pupil_mac_check(free_, stored) == PUPIL_TAMPERED, "I18: is found");

    row.session.number = 0;
    pupil_mac_session(&key, &row.session, mac);
    ok(pupil_mac_len(mac) == PUPIL_MAC_LEN, "under number 0, too");
}


/* Of a session whose person has proved who they are since, that counts too. */
static void
test_proved(void)
{
    row_t           row;
    uint8_t         mac[PUPIL_MAC_LEN], before[PUPIL_MAC_LEN];
    const table_t  *session = &tables[4];

    row_session(&row);
    mac_session(&key, &row, before);

    row.session.proved_at = 2500;
    mac_session(&key, &row, mac);
    ok(!tampered(session, &row, mac), "a session that was proved");
    ok(tampered(session, &row, before), "I18: one that was not says it was");

    row.session.proved_at = 2501;
    ok(tampered(session, &row, mac), "I18: a later proof is found");
    row.session.proved_at = 0;
    ok(tampered(session, &row, mac), "I18: so is one that is gone");
}


/* Of which session and subject of a provider it is, if of any. */
static void
test_there(void)
{
    row_t           row;
    uint8_t         mac[PUPIL_MAC_LEN], none[PUPIL_MAC_LEN];
    const table_t  *session = &tables[4];

    row_session(&row);
    row.session.proved_at = 2500;
    mac_session(&key, &row, none);

    row_there(&row);
    ok(tampered(session, &row, none), "I18: one of none says it is of one");

    mac_session(&key, &row, mac);
    row.session.provider_session = row.session.provider_subject;
    row.session.provider_subject = str("a session there");
    ok(tampered(session, &row, mac), "I18: the one is not the other");

    row_there(&row);
    row.session.provider_session = str("");
    ok(tampered(session, &row, mac), "I18: a session there that is gone");

    row.session.provider_subject = str("");
    ok(tampered(session, &row, mac), "I18: and who it is of");
    ok(!tampered(session, &row, none), "that of none is as it was");
}


/* A number is named behind the hash, which covers it. */
static void
test_numbers(void)
{
    int          i, found;
    row_t        row;
    uint8_t      mac[PUPIL_MAC_LEN], zero[PUPIL_MAC_LEN], want[32];
    pupil_str_t  stored = { mac, PUPIL_MAC_LEN };

    row_role(&row);
    pupil_mac_role(&key, &row.role, zero);
    ok(pupil_mac_len(zero) == 32
           && pupil_mac_number((pupil_str_t){ zero, 32 }) == 0,
       "a row with number 0 has a MAC of 32 bytes");

    row.role.number = 0x01020304;
    pupil_mac_role(&key, &row.role, mac);
    ok(pupil_mac_len(mac) == 36 && pupil_mac_number(stored) == 0x01020304,
       "any other number is named");

    sodium_hex2bin(want, sizeof(want), vec_mac_role_numbered,
                   strlen(vec_mac_role_numbered), NULL, NULL, NULL);
    ok(memcmp(mac, want, sizeof(want)) == 0, "known answer: a role with a"
       " number");
    ok(memcmp(mac, zero, 32) != 0, "I18: the number counts");
    ok(pupil_mac_check(zero, stored) == PUPIL_TAMPERED
           && pupil_mac_check(mac, (pupil_str_t){ mac, 32 }) == PUPIL_TAMPERED,
       "I18: a number that is put behind a MAC, or taken away, is found");

    found = 0;

    for (i = 0; i < 32; i++) {
        mac[32 + i / 8] ^= (uint8_t) (1 << i % 8);
        row.role.number = pupil_mac_number(stored);
        found += tampered(&tables[1], &row, mac);
        mac[32 + i / 8] ^= (uint8_t) (1 << i % 8);
    }

    ok(found == 32, "I18: any bit of a stored number changed is found");
}


static void
test_check(void)
{
    size_t       i, refused = 0;
    uint8_t      mac[PUPIL_MAC_LEN + 1];
    pupil_str_t  stored;

    memset(mac, 0, sizeof(mac));

    for (i = 0; i <= PUPIL_MAC_LEN + 1; i++) {
        stored.data = tap_guarded(mac, i);
        stored.len = i;
        refused += pupil_mac_check(mac, stored) == PUPIL_TAMPERED;
    }

    ok(refused == PUPIL_MAC_LEN + 1, "I18: a MAC of any other length is"
       " refused, also an empty one");
}


int
main(void)
{
    size_t  i;

    if (sodium_init() < 0) {
        return 2;
    }

    for (i = 0; i < sizeof(key.b); i++) {
        key.b[i] = (uint8_t) i;
    }

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        test_table(&tables[i]);
    }

    test_boundaries();
    test_second();
    test_limited();
    test_proved();
    test_there();
    test_numbers();
    test_check();

    return tap_done();
}
