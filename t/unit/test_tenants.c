/*
 * Copyright (C) the Pupil authors
 *
 * An address of many tenants: of which of them a token says that somebody is,
 * which cannot be beside each other, and the choice that a browser brings.
 */

#include <sodium.h>
#include <string.h>

#include "tap.h"
#include "pupil_plugin.h"
#include "core/login/choice.h"
#include "core/login/tenants.h"


static tap_arena_t          arena;
static const pupil_alloc_t  alloc = { tap_arena_alloc, &arena };


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static pupil_login_tenant_t
tenant(const char *name, uint8_t id, const char *schools)
{
    pupil_login_tenant_t  made;

    memset(&made, 0, sizeof(made));
    made.name = str(name);
    made.id.b[0] = id;
    made.schools = str(schools);

    return made;
}


/* ---- of which a token is ---- */


static void
test_claimed(void)
{
    size_t                  i;
    const char             *why;
    pupil_json_t            json;
    const pupil_profile_t  *profile;
    pupil_login_tenant_t    of;

    static const struct {
        const char  *schools, *claims;
        int          is;
    } rows[] = {
        { "1,2", "{\"institution_ids\":[\"2\"]}", 1 },
        { "1,2", "{\"institution_ids\":\"2\"}", 1 },
        { "1,2", "{\"institution_ids\":[\"9\",\"1\",\"1\"]}", 1 },
        { "uni:1", "{\"institution_ids\":[\"1\"]}", 1 },
        { "other:1", "{\"institution_ids\":[\"1\"]}", 0 },
        { "un:1", "{\"institution_ids\":[\"1\"]}", 0 },
        { "uni:1", "{\"institution_ids\":[\"uni:1\"]}", 0 },
        { "12", "{\"institution_ids\":[\"1\",\"2\"]}", 0 },
        { "1", "{\"institution_ids\":[\"12\"]}", 0 },
        { "1,2", "{\"institution_ids\":[\"1,2\"]}", 0 },
        { "1", "{\"institution_ids\":[1]}", 0 },
        { "1", "{\"institution_ids\":[[\"1\"]]}", 0 },
        { "1", "{\"institution_ids\":{\"1\":\"1\"}}", 0 },
        { "1", "{\"institution_ids\":[\"\\u0031\"]}", 1 },
        { "1", "{\"institution_ids\":[]}", 0 },
        { "1", "{\"sisSchoolUnitCode\":[\"1\"]}", 0 },
        { "1", "{}", 0 },
        { "", "{\"institution_ids\":[\"\"]}", 0 },
    };

    profile = pupil_profile_find(str("uni-login"));

    for (i = 0; i < PUPIL_COUNT(rows); i++) {
        of = tenant("north", 1, rows[i].schools);

        ok(pupil_claims_read(&alloc, str(rows[i].claims), &json, &why)
           == PUPIL_OK
           && pupil_tenant_claimed(&of, &json, profile, str("uni"))
              == rows[i].is,
           "\"%s\": %s is %s of it", rows[i].schools, rows[i].claims,
           rows[i].is ? "one" : "none");
    }
}


static void
test_apart(void)
{
    size_t                i;
    pupil_error_t         error;
    pupil_login_tenant_t  one, other;

    static const struct {
        const char  *mine, *theirs;
        int          apart;
    } rows[] = {
        { "1,2", "3", 1 },
        { "1,2", "12", 1 },
        { "uni:1", "other:1", 1 },
        { "", "", 1 },
        { "1,2", "2", 0 },
        { "1", "uni:1", 0 },
        { "uni:2,uni:1", "uni:1", 0 },
    };

    for (i = 0; i < PUPIL_COUNT(rows); i++) {
        one = tenant("north", 1, rows[i].mine);
        other = tenant("south", 2, rows[i].theirs);

        ok((pupil_tenants_apart(&one, &other, &error) == PUPIL_OK)
           == rows[i].apart
           && (pupil_tenants_apart(&other, &one, &error) == PUPIL_OK)
              == rows[i].apart,
           "\"%s\" and \"%s\" are %s", rows[i].mine, rows[i].theirs,
           rows[i].apart ? "apart" : "not apart");
    }

    one = tenant("north", 1, "");
    other = tenant("north", 2, "");
    ok(pupil_tenants_apart(&one, &other, &error) == PUPIL_INVALID,
       "two of one name");
    other = tenant("south", 1, "");
    ok(pupil_tenants_apart(&one, &other, &error) == PUPIL_INVALID,
       "two of one id");
}


/* ---- what a browser brings ---- */


static void
choice_make(pupil_choice_t *choice)
{
    memset(choice, 0, sizeof(pupil_choice_t));
    choice->made = 5000000000;
    choice->begun = 4999999990;
    choice->proved = 1;
    choice->count = 2;
    choice->tenants[0].b[0] = 1;
    choice->tenants[1].b[0] = 2;

    (void) pupil_choice_put(choice, PUPIL_CHOICE_ACCOUNT, str("anna"));
    (void) pupil_choice_put(choice, PUPIL_CHOICE_SUBJECT, str("f:1"));
}


static void
test_choice(const pupil_key_t *key)
{
    uint8_t         text[PUPIL_CHOICE_TEXT_LEN];
    pupil_str_t     sent, name;
    pupil_choice_t  choice, again;
    pupil_uuid_t    third;

    choice_make(&choice);
    memset(&again, 0, sizeof(again));
    memset(&third, 3, sizeof(third));
    pupil_choice_seal(key, str("uni"), &choice, text);
    sent.data = text;
    sent.len = sizeof(text);

    ok(pupil_choice_open(key, str("uni"), sent, 5000000299, &again) == PUPIL_OK
       && memcmp(&choice, &again, sizeof(choice)) == 0,
       "a choice is opened as it was made");
    name = pupil_choice_get(&again, PUPIL_CHOICE_ACCOUNT);
    ok(name.len == 4 && memcmp(name.data, "anna", 4) == 0
       && pupil_choice_get(&again, PUPIL_CHOICE_SESSION).len == 0
       && pupil_choice_get(&again, PUPIL_CHOICE_SUBJECT).len == 3,
       "with whom it is about");
    ok(pupil_choice_has(&again, &choice.tenants[0])
       && pupil_choice_has(&again, &choice.tenants[1])
       && !pupil_choice_has(&again, &choice.tenants[2])
       && !pupil_choice_has(&again, &third),
       "of those tenants, and of no other");

    pupil_choice_seal(key, str("uni"), &again, text);
    ok(memcmp(again.mark, choice.mark, sizeof(again.mark)) != 0,
       "each counts by itself");

    ok(pupil_choice_open(key, str("uni"), sent, 5000000300, &again)
       == PUPIL_INVALID, "not after its time");
    ok(pupil_choice_open(key, str("uni"), sent, 4999999939, &again)
       == PUPIL_INVALID, "nor of a time to come");
    ok(pupil_choice_open(key, str("other"), sent, 5000000000, &again)
       == PUPIL_INVALID, "nor at another provider");
}


static void
test_forged(const pupil_key_t *key)
{
    size_t          i, refused;
    uint8_t         text[PUPIL_CHOICE_TEXT_LEN], large[PUPIL_CHOICE_NAME + 1];
    pupil_key_t     another;
    pupil_str_t     sent;
    pupil_choice_t  choice, again;

    choice_make(&choice);
    pupil_choice_seal(key, str("uni"), &choice, text);
    sent.data = text;
    sent.len = sizeof(text);

    another = *key;
    another.b[0] ^= 1;
    ok(pupil_choice_open(&another, str("uni"), sent, 5000000000, &again)
       == PUPIL_INVALID, "by another key it is none");

    for (i = 0, refused = 0; i < sizeof(text); i++) {
        text[i] ^= 4;
        refused += pupil_choice_open(key, str("uni"), sent, 5000000000, &again)
                   == PUPIL_INVALID;
        text[i] ^= 4;
    }

    ok(refused == sizeof(text), "nor changed anywhere");

    sent.len--;
    ok(pupil_choice_open(key, str("uni"), sent, 5000000000, &again)
       == PUPIL_INVALID, "nor shorter");

    memset(large, 'x', sizeof(large));
    sent.data = large;
    sent.len = sizeof(large);
    ok(pupil_choice_put(&choice, PUPIL_CHOICE_SESSION, sent) == PUPIL_INVALID,
       "a name that is too long is not put in");
}


int
main(void)
{
    pupil_key_t  key;

    if (sodium_init() < 0) {
        return 2;
    }

    randombytes_buf(key.b, sizeof(key.b));

    test_claimed();
    test_apart();
    test_choice(&key);
    test_forged(&key);

    tap_arena_reset(&arena);

    return tap_done();
}
