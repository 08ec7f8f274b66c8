/*
 * Copyright (C) the Pupil authors
 *
 * Facts of a record: a known answer, every byte of what they bind, what is
 * NULL, what a write keeps, and how long a row takes.
 */

#include <sodium.h>
#include <time.h>

#include "core/plugin/bound.h"
#include "tap.h"


#define FACTS_LEN  (3 * 32)
#define ROUNDS     20000


enum {
    HOMEWORK = 0,
    DONE,
    CLASS,
    ANSWER,
    RESULT,
    TITLE,
    NOTE,
    FIELDS
};

static const pupil_field_t  fields[FIELDS] = {
    [HOMEWORK] = { .name = "homework_id", .type = PUPIL_TYPE_UUID,
                   .flags = PUPIL_FIELD_BOUND, .max_size = 36, .why = "W." },
    [DONE] =     { .name = "done", .type = PUPIL_TYPE_BOOLEAN,
                   .flags = PUPIL_FIELD_BOUND, .max_size = 5, .why = "W." },
    [CLASS] =    { .name = "class_id", .type = PUPIL_TYPE_UUID,
                   .max_size = 36, .why = "W." },
    [ANSWER] =   { .name = "answer", .type = PUPIL_TYPE_JSON,
                   .flags = PUPIL_FIELD_SEALED, .max_size = 99, .why = "W." },
    [RESULT] =   { .name = "result", .type = PUPIL_TYPE_JSON,
                   .flags = PUPIL_FIELD_SEALED, .max_size = 99, .why = "W." },
    [TITLE] =    { .name = "title", .type = PUPIL_TYPE_TEXT,
                   .flags = PUPIL_FIELD_SEALED, .max_size = 99, .why = "W.",
                   .sealed_by = "class_id" },
    [NOTE] =     { .name = "due_at", .type = PUPIL_TYPE_TIMESTAMP,
                   .flags = PUPIL_FIELD_BOUND, .max_size = 32, .why = "W." }
};

static const pupil_grant_t  grants[] = {
    { .fields = "answer", .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  retention = {
    .from = PUPIL_EVENT_CREATED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_plugin_t  plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "progress",
    .version = "1.0.0",
    .summary = "A.",
    .source = "B.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(fields),
    PUPIL_GRANTS(grants),
    PUPIL_RETENTION(retention)
};


/* BLAKE2b by another implementation, of what known_answer() tells. */
static const char  known[] =
    "619adf96a19f5e2355743881ce46b000d426f440c606987b083388be4669d8e6";


static pupil_subkey_t     key;
static pupil_place_t      place;
static pupil_category_t  *category;
static uint8_t            homework[16], answer[128], result[128];
static uint8_t            facts[FACTS_LEN];
static pupil_bound_row_t  row;


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static void
count_up(uint8_t *p, size_t len, uint8_t from)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        p[i] = (uint8_t) (from + i);
    }
}


static void
known_answer(void)
{
    char           hex[65];
    uint8_t        hash[32], commitment[32], class_id[16], one = 1;
    pupil_facts_t  state;

    count_up(commitment, sizeof(commitment), 100);
    count_up(class_id, sizeof(class_id), 9);

    pupil_facts_begin(&state, &key, &place);
    pupil_facts_sealed(&state, 3, commitment);
    pupil_facts_plain(&state, 2,
                      (pupil_str_t){ class_id, sizeof(class_id) });
    pupil_facts_plain(&state, 1, (pupil_str_t){ &one, 1 });
    pupil_facts_end(&state, hash);

    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    ok(strcmp(hex, known) == 0, "known answer");
    ok(sodium_is_zero((uint8_t *) &state, sizeof(state)), "no key is left");
}


/* A row with an answer and without a result, and its facts. */
static void
make(void)
{
    size_t  len;

    len = pupil_seal_size(9);
    place.field = str("answer");
    pupil_seal(&key, &place, (const uint8_t *) "something", 9, answer);
    place.field = str("result");
    pupil_seal(&key, &place, (const uint8_t *) "something", 9, result);
    place.field = str("");

    memset(&row, 0, sizeof(row));
    pupil_bound_uuid(&row, HOMEWORK, (pupil_uuid_t *) homework);
    pupil_bound_bool(&row, DONE, 1);
    row.cells[ANSWER].data = answer;
    row.cells[ANSWER].len = len;
    row.has[ANSWER] = row.has[RESULT] = 1;

    ok(pupil_bound_make(category, &key, &place, &row, facts) == PUPIL_OK,
       "facts are made");

    row.facts.data = facts;
    row.facts.len = sizeof(facts);
}


/* "": authentic; else why it is not. */
static const char *
check(void)
{
    const char  *why;

    return pupil_bound_check(category, &key, &place, &row, &why) == PUPIL_OK
           ? "" : why;
}


static void
each_byte(uint8_t *p, size_t len, const char *why, const char *what)
{
    size_t  i, found;

    for (i = 0, found = 0; i < len; i++) {
        p[i] ^= 0x80;
        found += strcmp(check(), why) == 0;
        p[i] ^= 0x80;
    }

    ok(found == len, "%s: each of %zu bytes is found, not %zu", what, len,
       len - found);
    ok(check()[0] == '\0', "%s: as it was", what);
}


static void
every_byte(void)
{
    static uint8_t  done = 1;

    row.cells[DONE].data = &done;

    each_byte(facts, sizeof(facts), "facts", "the facts");
    each_byte(homework, sizeof(homework), "facts", "an id");
    each_byte(&done, 1, "facts", "a truth");
    each_byte(place.tenant.b, 16, "facts", "the tenant");
    each_byte(place.owner.b, 16, "facts", "the owner");
    each_byte(place.record.b, 16, "facts", "the record");
    each_byte((uint8_t *) &place.key_version, 4, "facts", "the version");
    each_byte(key.commit.b, 32, "facts", "the key");
    each_byte(answer + 6, 32, "answer", "a commitment");
}


static void
shapes(void)
{
    pupil_str_t        was;
    pupil_bound_row_t  whole;

    whole = row;

    row.facts.data = NULL;
    row.facts.len = 0;
    ok(strcmp(check(), "facts") == 0, "no facts");

    row.facts = whole.facts;
    row.facts.len -= 1;
    ok(strcmp(check(), "facts") == 0, "facts that are cut short");

    row.facts.data = facts + 32;
    row.facts.len = 64;
    ok(strcmp(check(), "facts") == 0, "facts of fewer values");
    row = whole;

    row.cells[HOMEWORK].data = NULL;
    ok(strcmp(check(), "facts") == 0, "a plain column that is NULL");
    row = whole;

    pupil_bound_time(&row, NOTE, 0, result);
    ok(strcmp(check(), "facts") == 0, "one that was NULL");
    row = whole;

    row.cells[ANSWER].data = NULL;
    ok(strcmp(check(), "answer") == 0, "a value that is NULL");
    row.has[ANSWER] = 0;
    ok(check()[0] == '\0', "nobody reads it");
    row = whole;

    row.cells[RESULT].data = result;
    row.cells[RESULT].len = pupil_seal_size(9);
    ok(strcmp(check(), "result") == 0, "a value that was NULL");
    row = whole;

    row.cells[CLASS].data = homework;
    row.cells[CLASS].len = 16;
    row.cells[TITLE].data = homework;
    row.has[TITLE] = 1;
    ok(check()[0] == '\0', "what is not bound is not looked at");
    row = whole;

    was = row.cells[ANSWER];
    row.cells[ANSWER].len = 5;
    ok(strcmp(check(), "answer") == 0, "a value that is none");
    ok(pupil_bound_make(category, &key, &place, &row, result)
       == PUPIL_INVALID, "of which no facts are made");
    row.cells[ANSWER] = was;
}


/* A write that does not touch the answer keeps what the facts say of it. */
static void
kept(void)
{
    uint8_t            made[FACTS_LEN], due[8];
    pupil_bound_row_t  whole;

    whole = row;

    row.has[ANSWER] = 0;
    row.cells[ANSWER].data = NULL;
    pupil_bound_time(&row, NOTE, 1, due);
    ok(pupil_bound_make(category, &key, &place, &row, made) == PUPIL_OK,
       "new facts from old ones");
    ok(memcmp(made, facts, 64) == 0 && memcmp(made + 64, facts + 64, 32) != 0,
       "the same values, another hash");

    row.facts.data = made;
    row.cells[ANSWER] = whole.cells[ANSWER];
    row.has[ANSWER] = 1;
    ok(check()[0] == '\0', "which the row has");

    row = whole;
    ok(check()[0] == '\0', "as it was");
}


/* From before result was a field. */
static void
appended(void)
{
    uint8_t           made[FACTS_LEN];
    pupil_field_t     fewer[FIELDS];
    pupil_plugin_t    older = plugin;
    const char       *why;
    pupil_category_t  old = *category;
    pupil_bound_row_t whole = row;

    memcpy(fewer, fields, sizeof(fewer));
    fewer[RESULT].flags = 0;
    older.fields = fewer;
    old.plugin = &older;

    ok(pupil_bound_size(&old) == 64, "one value less");
    ok(pupil_bound_make(&old, &key, &place, &row, made) == PUPIL_OK,
       "facts of an older plugin");

    row.facts.data = made;
    row.facts.len = 64;
    ok(pupil_bound_check(category, &key, &place, &row, &why) == PUPIL_OK,
       "hold for a newer one");

    row.cells[RESULT].data = result;
    row.cells[RESULT].len = pupil_seal_size(9);
    ok(strcmp(check(), "result") == 0, "and say that there is no result");

    row = whole;
    memcpy(made, facts, sizeof(made));
    row.facts.data = made;
    row.facts.len = pupil_bound_trim(made, sizeof(made));
    ok(row.facts.len == 64
       && pupil_bound_check(&old, &key, &place, &row, &why) == PUPIL_OK,
       "without a result those of a newer one hold for it, too");
    ok(check()[0] == '\0', "and for the newer one");
    ok(pupil_bound_trim(made, 64) == 64, "what is told stays");
    row = whole;
}


static void
columns(void)
{
    uint8_t       time[8], list[pupil_bound_uuids_size(2)];
    pupil_uuid_t  two[2];

    static const uint8_t  day[8] = { 0, 0, 0, 0x14, 0x1d, 0xd7, 0x60, 0 };
    static const uint8_t  head[24] = {
        0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x0b, 0x86, 0, 0, 0, 2, 0, 0, 0, 1,
        0, 0, 0, 16
    };

    pupil_bound_time(&row, NOTE, INT64_C(946684800000000)
                                 + INT64_C(86400000000), time);
    ok(memcmp(time, day, 8) == 0, "a day of PostgreSQL's");

    count_up(two[0].b, 16, 1);
    count_up(two[1].b, 16, 2);
    pupil_bound_uuids(&row, NOTE, two, 2, list);
    ok(row.cells[NOTE].len == sizeof(list) && memcmp(list, head, 24) == 0
       && memcmp(list + 24, two[0].b, 16) == 0
       && memcmp(list + 44, two[1].b, 16) == 0, "a list of ids");

    pupil_bound_uuids(&row, NOTE, two, 0, list);
    ok(row.cells[NOTE].len == 12 && list[3] == 0, "an empty one");
}


/* For the reader; not judged, as machines differ. */
static void
timing(void)
{
    int              i, found;
    double           us;
    const char      *why;
    struct timespec  from, to;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);

    for (i = 0, found = 0; i < ROUNDS; i++) {
        found += pupil_bound_check(category, &key, &place, &row, &why)
                 != PUPIL_OK;
    }

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);

    us = ((double) (to.tv_sec - from.tv_sec) * 1e9
          + (double) (to.tv_nsec - from.tv_nsec)) / 1e3 / ROUNDS;

    ok(found == 0, "%d rows are checked", ROUNDS);
    printf("# %.2f us a row\n", us);
}


int
main(void)
{
    tap_arena_t    arena = { .used = 0 };
    pupil_alloc_t  alloc = { tap_arena_alloc, &arena };

    if (sodium_init() < 0
        || pupil_category_wrap(&plugin, &alloc, &category, NULL) != PUPIL_OK)
    {
        return 2;
    }

    count_up(key.seal.b, 32, 0);
    count_up(key.commit.b, 32, 32);
    count_up(place.tenant.b, 16, 1);
    count_up(place.owner.b, 16, 2);
    count_up(place.record.b, 16, 3);
    count_up(homework, 16, 9);
    place.category = str("progress");
    place.key_version = 7;

    ok(category->bound, "the category has bound fields");
    ok(pupil_bound_size(category) == FACTS_LEN, "two values and a hash");

    known_answer();
    make();
    timing();
    every_byte();
    shapes();
    kept();
    appended();
    columns();

    pupil_category_unload(category);
    tap_arena_reset(&arena);

    return tap_done();
}
