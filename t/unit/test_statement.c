/*
 * Copyright (C) the Pupil authors
 *
 * Composed statements: what is not granted is not in the SQL and not in the
 * audit record's shape (I3); what an endpoint needs is refused by name.
 */

#define _GNU_SOURCE

#include <sodium.h>

#include "categories.h"
#include "core/policy/statement.h"


#define TEACHING                                                              \
    .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES,    \
    .operation = PUPIL_OPERATION_READ

static const pupil_want_t  wants[] = {
    { .alias = "b", .category = "stone", .field = "weight",
      TEACHING, .about = PUPIL_ABOUT_NONE },
    { .alias = "a", .category = "animal", .field = "name",
      TEACHING, .about = PUPIL_ABOUT_SUBJECTS },
    { .alias = "a", .category = "animal", .field = "secret",
      TEACHING, .about = PUPIL_ABOUT_SUBJECTS },
    { .alias = "a", .category = "animal", .field = "legs",
      TEACHING, .about = PUPIL_ABOUT_SUBJECTS },
    { .category = "animal", .field = "legs",
      TEACHING, .about = PUPIL_ABOUT_SUBJECTS },
    { .alias = "a", .category = "plant", .field = "leaf",
      TEACHING, .about = PUPIL_ABOUT_SUBJECTS }
};

static const pupil_template_t  template = {
    .name = "test",
    .sql = "SELECT $1, 1{a}{b} FROM x WHERE y = '{}' AND 1{a} ({audit})"
           " ({audit_values})",
    .fixed = 2,
    PUPIL_WANTS(wants),
    .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_INT4_ARRAY }
};

static const char  accesses[] =
    "[{\"category\":\"animal\",\"fields\":[\"legs\",\"name\"],"
    "\"purpose\":\"teaching\",\"relation\":\"teaches\","
    "\"operation\":\"read\",\"about\":\"subjects\"},"
    "{\"category\":\"stone\",\"fields\":[\"weight\"],"
    "\"purpose\":\"teaching\",\"relation\":\"teaches\","
    "\"operation\":\"read\",\"about\":\"none\"}]";

static pupil_alloc_t   alloc;
static pupil_policy_t  policy;
static const uint8_t   hash[32] = { 0xab };


static void
test_compose(void)
{
    char               hex[65], text[4096];
    uint8_t            sum[32];
    uint32_t           oids[PUPIL_STATEMENT_ALL];
    pupil_error_t      error;
    pupil_statement_t  s;

    static const uint32_t  expected[] = {
        20, 2950, 2950, 2950, 25, 2950, 25, 2950, 1007
    };

    ok(pupil_statement_compose(&template, &policy, hash, &alloc, &s, &error)
       == PUPIL_OK, "composes");

    sodium_bin2hex(hex, sizeof(hex), s.shape, 32);
    snprintf(text, sizeof(text), "SELECT $1, 1, a.\"name\", a.\"legs\","
             " b.\"weight\" FROM x WHERE y = '{}' AND 1, a.\"name\","
             " a.\"legs\" (tenant, request, actor, role, institution,"
             " network, shape, policy) ($2, $3, $4, $5, $6, $7::inet,"
             " '\\x%s'::bytea, '\\xab%062d'::bytea)", hex, 0);
    ok(s.sql.len == strlen(text) && strcmp((char *) s.sql.data, text) == 0,
       "the text");

    ok(s.columns == 5 && s.column[0] == 4 && s.column[1] == 2
       && s.column[2] == -1 && s.column[3] == 3 && s.column[4] == -1
       && s.column[5] == -1, "the columns");
    ok(s.granted[0] && s.granted[1] && !s.granted[2] && s.granted[3]
       && s.granted[4] && !s.granted[5], "what is granted");
    ok(!s.projected[0] && s.projected[1] && !s.projected[3], "projected");
    ok(s.field[1] == 0 && s.field[3] == 1 && s.field[5] == -1
       && s.category[5] == NULL
       && s.category[0] == policy.categories[1], "categories and fields");

    ok(s.accesses.len == strlen(accesses)
       && memcmp(s.accesses.data, accesses, s.accesses.len) == 0,
       "the accesses");
    crypto_hash_sha256(sum, (const uint8_t *) accesses, strlen(accesses));
    ok(memcmp(sum, s.shape, 32) == 0, "the shape");

    ok(pupil_statement_oids(&s, oids) == 9
       && memcmp(oids, expected, sizeof(expected)) == 0, "types");
    ok(pupil_param_oid(200) == 0, "no type");
}


/* A statement that writes records has four parameters more. */
static void
test_records(void)
{
    uint32_t           oids[PUPIL_STATEMENT_ALL];
    pupil_error_t      error;
    pupil_template_t   writes = template;
    pupil_statement_t  s;

    memset(&s, 0, sizeof(s));
    writes.records = 1;
    writes.sql = "({audit}, number, mac) ({audit_values}, {number}, {macs})";

    ok(pupil_statement_compose(&writes, &policy, hash, &alloc, &s, &error)
       == PUPIL_OK
       && strstr((char *) s.sql.data, "policy, at, writer, number, mac)")
          != NULL
       && strstr((char *) s.sql.data, "THEN $10 ELSE pupil.clock_differs()"
                                      " END, $11, $12, $13)") != NULL,
       "a record's numbers are parameters");
    ok(pupil_statement_oids(&s, oids) == 13 && oids[9] == 1184
       && oids[10] == 20 && oids[11] == 20 && oids[12] == 17,
       "and have their types");
}


static void
test_deny(void)
{
    pupil_str_t        word = pupil_str("animal.name");
    pupil_deny_t       deny;
    pupil_error_t      error;
    pupil_statement_t  s;

    (void) pupil_deny_parse(&policy, &word, 1, &deny, &error);
    policy.denies = &deny;
    policy.denies_count = 1;

    ok(pupil_statement_compose(&template, &policy, hash, &alloc, &s, &error)
       == PUPIL_OK && s.column[1] == -1 && s.column[3] == 2
       && strstr((char *) s.sql.data, "name") == NULL, "not in the SQL");

    ok(memmem(s.accesses.data, s.accesses.len, "\"name\"", 6) == NULL,
       "not in the shape");

    policy.denies_count = 0;
}


/* Each way in which a required field can be missing. */
static void
test_required(void)
{
    size_t             i;
    pupil_str_t        word = pupil_str("animal.legs");
    pupil_deny_t       deny;
    pupil_want_t       want;
    pupil_error_t      error;
    pupil_template_t   t;
    pupil_statement_t  s;

    static const struct {
        const char  *category, *field, *expected;
    } cases[] = {
        { "plant", "leaf", "its plugin is not loaded" },
        { "animal", "wings", "has no such field" },
        { "animal", "secret", "its plugin does not grant it" },
        { "animal", "legs", "pupil_deny takes it away" }
    };

    (void) pupil_deny_parse(&policy, &word, 1, &deny, &error);
    policy.denies = &deny;
    policy.denies_count = 1;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        want = wants[3];
        want.category = cases[i].category;
        want.field = cases[i].field;
        want.flags = PUPIL_WANT_REQUIRED;
        t = template;
        t.sql = "{a}";
        t.wants = &want;
        t.wants_count = 1;

        ok(pupil_statement_compose(&t, &policy, hash, &alloc, &s, &error)
           == PUPIL_INVALID && strstr(error.text, cases[i].expected) != NULL
           && strstr(error.text, cases[i].field) != NULL
           && strstr(error.text, "teaching") != NULL, "%s", error.text);
    }

    policy.denies_count = 0;
}


static void
test_templates(void)
{
    size_t             i;
    pupil_error_t      error;
    pupil_template_t   t;
    pupil_statement_t  s;

    static const char *const  broken[] = {
        "{unknown}", "{A}", "{", "{a", "x {1,2}", "{ a}", "{audit-values}"
    };

    t = template;

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        t.sql = broken[i];
        ok(pupil_statement_compose(&t, &policy, hash, &alloc, &s, &error)
           == PUPIL_INVALID, "%s: %s", broken[i], error.text);
    }

    t.sql = "";
    t.wants_count = 0;
    ok(pupil_statement_compose(&t, &policy, hash, &alloc, &s, &error)
       == PUPIL_OK && s.sql.len == 0 && s.sql.data[0] == '\0'
       && s.accesses.len == 2, "an empty one");

    t.wants_count = PUPIL_STATEMENT_WANTS + 1;
    ok(pupil_statement_compose(&t, &policy, hash, &alloc, &s, &error)
       == PUPIL_INVALID, "%s", error.text);
}


static void
test_memory(void)
{
    long               n;
    pupil_rc_t         rc;
    tap_arena_t        arena;
    pupil_alloc_t      poor = { tap_arena_alloc, &arena };
    pupil_error_t      error;
    pupil_statement_t  s;

    memset(&arena, 0, sizeof(arena));

    for (n = 1, rc = PUPIL_NO_MEMORY; rc == PUPIL_NO_MEMORY; n++) {
        arena.fail_at = n;
        rc = pupil_statement_compose(&template, &policy, hash, &poor, &s,
                                     &error);
        tap_arena_reset(&arena);
    }

    ok(rc == PUPIL_OK && n > 3, "out of memory %ld times", n - 2);
}


int
main(void)
{
    static tap_arena_t  arena;

    alloc.alloc = tap_arena_alloc;
    alloc.ctx = &arena;

    if (sodium_init() < 0) {
        return 2;
    }

    categories_policy(&policy, &alloc, 0);
    test_compose();
    test_records();
    test_deny();
    test_required();
    test_templates();
    test_memory();
    pupil_category_unload(policy.categories[0]);
    pupil_category_unload(policy.categories[1]);
    tap_arena_reset(&arena);

    return tap_done();
}
