/*
 * Copyright (C) the Pupil authors
 *
 * What an application is told of somebody: what its directive may ask for, the
 * statement that is made of it, and the name that is its own.
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/endpoints/access.h"
#include "core/endpoints/compose.h"
#include "core/endpoints/directive.h"
#include "core/policy/role.h"
#include "core/vault/pseudonym.h"

#define pupil_plugin  plugin_credential
#include "../../plugins/credential/credential.c"
#undef pupil_plugin
#define pupil_plugin  plugin_enrolment
#include "../../plugins/enrolment/enrolment.c"
#undef pupil_plugin
#define pupil_plugin  plugin_identity
#include "../../plugins/identity/identity.c"
#undef pupil_plugin


#define WORDS_MAX  8


typedef struct {
    const char  *words, *why;
} refusal_t;


static tap_arena_t     arena;
static pupil_alloc_t   alloc = { tap_arena_alloc, &arena };
static pupil_policy_t  policy;
static pupil_error_t   error;


static void
load(const pupil_plugin_t *plugin)
{
    pupil_category_t  *category;

    if (pupil_category_wrap(plugin, &alloc, &category, &error) != PUPIL_OK
        || pupil_policy_add(&policy, category, &error) != PUPIL_OK)
    {
        printf("Bail out! %s\n", error.text);
        exit(1);
    }
}


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


/* As both readers of a configuration do it; text: what the directive has. */
static pupil_rc_t
read_words(const char *text, pupil_access_t **access)
{
    char           *copy, *word, *rest;
    uint32_t        n;
    pupil_rc_t      rc;
    pupil_str_t     given[WORDS_MAX];
    pupil_words_t   words;

    copy = tap_arena_alloc(&arena, strlen(text) + 1);
    strcpy(copy, text);

    for (n = 0, rest = copy; (word = strtok_r(rest, " ", &rest)) != NULL; n++)
    {
        given[n] = str(word);
    }

    error.text[0] = '\0';
    pupil_words_init(&words);

    rc = pupil_directive_read(PUPIL_DIRECTIVE_ACCESS, given, n, &words,
                              &error);

    return rc == PUPIL_OK ? pupil_access_read(&words, &alloc, access) : rc;
}


static pupil_rc_t
compose(const char *text, pupil_location_t *location)
{
    pupil_rc_t       rc;
    pupil_access_t  *access;

    rc = read_words(text, &access);

    if (rc == PUPIL_OK) {
        rc = pupil_access_compose(access, &policy, &alloc, &error);
    }

    return rc == PUPIL_OK
           ? pupil_location_compose(&access->endpoint, &policy, &alloc,
                                    location, &error)
           : rc;
}


static void
test_words(void)
{
    pupil_access_t  *access;

    ok(read_words("forum purpose=learning role=pupil,teacher age=15m"
                  " login=/in claims=identity.given_name,enrolment.role",
                  &access) == PUPIL_OK
       && strcmp(access->application, "forum") == 0
       && access->purpose == PUPIL_PURPOSE_LEARNING
       && access->roles == (1u << PUPIL_ROLE_PUPIL | 1u << PUPIL_ROLE_TEACHER)
       && access->age == 900 && pupil_str_is(access->login, "/in"),
       "all words are read");
    ok(access->count == 2
       && strcmp(access->claims[0].header, "X-Pupil-User-Identity-Given-Name")
          == 0
       && !access->claims[0].role && access->claims[1].role,
       "a claim has a header field of its own name");
    ok(read_words("forum purpose=learning", &access) == PUPIL_OK
       && access->roles == UINT32_MAX && access->age == 0
       && access->count == 0 && access->login.len == 0,
       "without words anybody comes, and nothing but a name is told");
    ok(read_words("off", &access) == PUPIL_OK && access == NULL,
       "off is nothing");
}


static void
test_refused(void)
{
    uint32_t          i;
    pupil_access_t   *access;
    pupil_location_t  location;

    static const refusal_t  words[] = {
        { "Forum purpose=learning", "name of an application" },
        { "purpose=learning", "name of an application" },
        { "off purpose=learning", "stands alone" },
        { "forum", "needs purpose=" },
        { "forum purpose=fun", "is none of" },
        { "forum purpose=research", "is none of" },
        { "forum purpose=learning role=king", "role= takes" },
        { "forum purpose=learning role=pupil,", "role= takes" },
        { "forum purpose=learning age=59s", "out of bounds" },
        { "forum purpose=learning age=32d", "out of bounds" },
        { "forum purpose=learning login=login", "login= takes" },
        { "forum purpose=learning login=//elsewhere.example", "login= takes" },
        { "forum purpose=learning login=/in?next=x", "login= takes" },
        { "forum purpose=learning claims=identity", "is no claim" },
        { "forum purpose=learning claims=identity.given_name,", "is no claim" },
        { "forum purpose=learning colour=red", "unknown parameter" },
        { "forum purpose=learning claims=a.a,a.b,a.c,a.d,a.e,a.f,a.g,a.h,a.i",
          "8 claims at most" }
    };

    static const refusal_t  composed[] = {
        { "forum purpose=learning claims=identity.given_name", "identity" },
        { "forum purpose=authentication claims=contact.email", "contact" },
        { "forum purpose=authentication claims=identity.shoe_size",
          "shoe_size" },
        { "forum purpose=authentication claims=enrolment.class_id",
          "not one record for each person" },
        { "forum purpose=authentication claims=credential.password_hash",
          "is no claim" }
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        ok(read_words(words[i].words, &access) == PUPIL_INVALID
           && strstr(error.text, words[i].why) != NULL, "refused: %s",
           words[i].words);
    }

    for (i = 0; i < sizeof(composed) / sizeof(composed[0]); i++) {
        ok(compose(composed[i].words, &location) == PUPIL_INVALID
           && strstr(error.text, composed[i].why) != NULL,
           "refused: %s: %s", composed[i].words, error.text);
    }
}


static void
test_statement(void)
{
    pupil_str_t              accesses;
    pupil_location_t         location, other;
    const pupil_composed_t  *enter;

    ok(compose("forum purpose=authentication claims=identity.given_name,"
               "identity.family_name,enrolment.role", &location) == PUPIL_OK
       && location.stmts[PUPIL_ACCESS_ENTER].granted,
       "what plugins grant somebody of their own is told");

    enter = &location.stmts[PUPIL_ACCESS_ENTER];
    accesses = enter->statement.accesses;

    ok(enter->statement.column[PUPIL_AC_WANT_CLAIM] == PUPIL_AC_COLUMNS
       && enter->statement.column[PUPIL_AC_WANT_CLAIM + 1]
          == PUPIL_AC_COLUMNS + 1
       && enter->statement.column[PUPIL_AC_WANT_CLAIM + 2] == -1,
       "a table is read once, and a role of none");
    ok(memmem(accesses.data, accesses.len, "\"forum\"", 7) != NULL
       && memmem(accesses.data, accesses.len, "given_name", 10) != NULL,
       "the record says which application, and what");
    ok(compose("wiki purpose=authentication", &other) == PUPIL_OK
       && memcmp(other.stmts[PUPIL_ACCESS_ENTER].statement.shape,
                 enter->statement.shape, PUPIL_HASH_LEN) != 0,
       "that of another application is another");
}


static void
test_pseudonym(void)
{
    uint8_t         a[PUPIL_PSEUDONYM_TEXT_LEN], b[PUPIL_PSEUDONYM_TEXT_LEN];
    uint32_t        i;
    pupil_key_t     key;
    pupil_subkey_t  one, two;

    memset(&key, 1, sizeof(key));
    pupil_subkey_derive(&key, str(PUPIL_PSEUDONYM_CATEGORY), &one);
    memset(&key, 2, sizeof(key));
    pupil_subkey_derive(&key, str(PUPIL_PSEUDONYM_CATEGORY), &two);

    pupil_pseudonym(&one, str("forum"), a);
    pupil_pseudonym(&one, str("forum"), b);
    ok(memcmp(a, b, sizeof(a)) == 0, "a name stays");

    for (i = 0; i < sizeof(a) && strchr("0123456789abcdef", a[i]); i++) {
        /* void */
    }

    ok(i == sizeof(a), "it is hex digits");
    ok(memcmp(a, "ce291ef66e2f489536282970c0485058", sizeof(a)) == 0,
       "it is the same in all versions");

    pupil_pseudonym(&one, str("wiki"), b);
    ok(memcmp(a, b, sizeof(a)) != 0, "another application has another");
    pupil_pseudonym(&two, str("forum"), b);
    ok(memcmp(a, b, sizeof(a)) != 0, "and another person");
}


static void
test_path(void)
{
    static const struct {
        const char  *path;
        int          plain;
    } paths[] = {
        { "/", 1 }, { "/a", 1 }, { "//a", 1 }, { "/a.b/..c/d..", 1 },
        { "/.../a", 1 }, { "/%2ea", 1 }, { "/a%", 1 }, { "/a%2", 1 },
        { "/a%zz", 1 }, { "/%252f", 1 }, { "", 1 },
        { "/.", 0 }, { "/..", 0 }, { "/./a", 0 }, { "/a/../b", 0 },
        { "/a/%2e%2E/b", 0 }, { "/a/.%2e", 0 }, { "/a%2fb", 0 },
        { "/a;b/c", 1 }, { "/..a;b", 1 }, { "/..;/a", 0 }, { "/.;b", 0 },
        { "/%2e.%3Bx/a", 0 }, { "/a%2Fb", 0 }, { "/a\\b", 0 }, { "/a%5Cb", 0 }
    };
    size_t  i;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        ok(pupil_access_path(str(paths[i].path)) == paths[i].plain,
           "%s is %s", paths[i].path,
           paths[i].plain ? "plain" : "read in two ways");
    }
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    load(plugin_credential());
    load(plugin_enrolment());
    load(plugin_identity());

    test_words();
    test_refused();
    test_statement();
    test_pseudonym();
    test_path();

    while (policy.count != 0) {
        pupil_category_unload(policy.categories[--policy.count]);
    }

    tap_arena_reset(&arena);

    return tap_done();
}
