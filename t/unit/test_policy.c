/*
 * Copyright (C) the Pupil authors
 *
 * Policy: what no grant names is refused (I3), configuration only narrows
 * (I4), and the document does not depend on the order of loading.
 */

#include <sodium.h>

#include "categories.h"


static pupil_alloc_t  alloc;


/* Splits at spaces; returns the outcome. */
static pupil_rc_t
deny(const pupil_policy_t *policy, const char *text, pupil_deny_t *out,
    pupil_error_t *error)
{
    uint32_t     count;
    pupil_str_t  words[8];

    for (count = 0; count < 8 && pupil_name_next(&text, &words[count]);
         count++)
    {
        /* void */
    }

    error->text[0] = '\0';

    return pupil_deny_parse(policy, words, count, out, error);
}


static void
deny_refused(const pupil_policy_t *policy, const char *text,
    const char *expected)
{
    pupil_deny_t   out;
    pupil_error_t  error;

    ok(deny(policy, text, &out, &error) == PUPIL_INVALID
       && strstr(error.text, expected) != NULL, "deny \"%s\": %s", text,
       error.text);
}


static int
granted(const pupil_policy_t *policy, uint32_t field, uint32_t purpose,
    uint32_t relation, uint32_t operation)
{
    return pupil_policy_grant(policy, 0, field, purpose, relation, operation)
           != NULL;
}


/* Every combination that no grant of the category names. */
static void
test_closed(const pupil_policy_t *policy)
{
    uint32_t  f, p, r, o, count;

    for (f = 0, count = 0; f < PUPIL_MAX_FIELDS; f++) {
        for (p = 0; p < PUPIL_PURPOSE_COUNT + 1; p++) {
            for (r = 0; r < PUPIL_RELATION_COUNT + 1; r++) {
                for (o = 0; o < PUPIL_OPERATION_COUNT + 1; o++) {
                    count += granted(policy, f, p, r, o);
                }
            }
        }
    }

    ok(count == 5 + 4 + 1 + 1, "nothing else is granted");
    ok(pupil_policy_grant(policy, 2, 0, PUPIL_PURPOSE_TEACHING,
                          PUPIL_RELATION_TEACHES, PUPIL_OPERATION_READ)
       == NULL, "no such category");
}


static void
test_denies(void)
{
    size_t                i;
    uint8_t               hash[32], before[32];
    pupil_str_t           document;
    pupil_deny_t          out;
    pupil_error_t         error;
    pupil_policy_t        policy;

    static const struct {
        const char  *text;
        int          self, teaches;     /* is name still granted? */
    } cases[] = {
        { "animal", 0, 0 },
        { "animal.name", 0, 0 },
        { "animal.legs", 1, 1 },
        { "animal.name purpose=teaching", 1, 0 },
        { "animal.name relation=self", 0, 1 },
        { "animal purpose=subject_access", 0, 1 },
        { "stone", 1, 1 },
        { NULL, 0, 0 }
    };

    categories_policy(&policy, &alloc, 0);
    (void) pupil_policy_document(&policy, &alloc, &document, before);

    for (i = 0; cases[i].text != NULL; i++) {
        ok(deny(&policy, cases[i].text, &out, &error) == PUPIL_OK,
           "deny %s", cases[i].text);
        policy.denies = &out;
        policy.denies_count = 1;

        ok(granted(&policy, 0, PUPIL_PURPOSE_SUBJECT_ACCESS,
                   PUPIL_RELATION_SELF, PUPIL_OPERATION_READ)
           == cases[i].self
           && granted(&policy, 0, PUPIL_PURPOSE_TEACHING,
                      PUPIL_RELATION_TEACHES, PUPIL_OPERATION_READ)
              == cases[i].teaches, "it takes what it says");

        (void) pupil_policy_document(&policy, &alloc, &document, hash);
        ok(memcmp(hash, before, 32) != 0,
           "the document tells that something was taken");

        policy.denies_count = 0;
    }

    deny_refused(&policy, "", "a category is needed");
    deny_refused(&policy, "plant", "loaded are: animal, stone");
    deny_refused(&policy, "animal.", "it has: name, legs, class_id");
    deny_refused(&policy, ".name", "no plugin of category \"\"");
    deny_refused(&policy, "animal.wings", "it has: name, legs");
    deny_refused(&policy, "animal purpose=fun", "known are: authentication");
    deny_refused(&policy, "animal relation=", "neither purpose=NAME");
    deny_refused(&policy, "animal relation=friend", "known are: self");
    deny_refused(&policy, "animal colour=red", "neither purpose=NAME");
    deny_refused(&policy, "animal purpose=security", "denies nothing");
    deny_refused(&policy, "animal.legs purpose=security", "denies nothing");
    deny_refused(&policy, "animal relation=dpo", "denies nothing");
    deny_refused(&policy, "animal.name relation=self purpose=teaching",
                 "denies nothing");
    deny_refused(&policy, "animal purpose=teaching purpose=learning",
                 "given twice");

    pupil_category_unload(policy.categories[0]);
    pupil_category_unload(policy.categories[1]);
}


static void
test_document(void)
{
    uint8_t         one[32], two[32], sum[32];
    pupil_str_t     a, b;
    pupil_policy_t  policy, other;

    static const char  begin[] = "{\"categories\":[{\"name\":\"animal\",";

    categories_policy(&policy, &alloc, 0);
    categories_policy(&other, &alloc, 1);

    ok(pupil_policy_document(&policy, &alloc, &a, one) == PUPIL_OK
       && pupil_policy_document(&other, &alloc, &b, two) == PUPIL_OK,
       "documents");
    ok(a.len == b.len && memcmp(a.data, b.data, a.len) == 0
       && memcmp(one, two, 32) == 0, "the order of loading does not matter");
    ok(a.len > sizeof(begin) && memcmp(a.data, begin, sizeof(begin) - 1) == 0,
       "categories are sorted");

    crypto_hash_sha256(sum, a.data, a.len);
    ok(memcmp(sum, one, 32) == 0, "the hash is that of the bytes");

    (void) pupil_category_option(other.categories[1], str("zoo=on"), NULL);
    (void) pupil_policy_document(&other, &alloc, &b, two);
    ok(memcmp(one, two, 32) != 0, "an option is part of it");

    pupil_category_unload(policy.categories[0]);
    pupil_category_unload(policy.categories[1]);
    pupil_category_unload(other.categories[0]);
    pupil_category_unload(other.categories[1]);
}


static void
test_memory(void)
{
    long            n;
    uint8_t         hash[32];
    pupil_rc_t      rc;
    pupil_str_t     document;
    tap_arena_t     arena;
    pupil_alloc_t   poor = { tap_arena_alloc, &arena };
    pupil_policy_t  policy;

    memset(&arena, 0, sizeof(arena));
    categories_policy(&policy, &alloc, 0);

    for (n = 1, rc = PUPIL_NO_MEMORY; rc == PUPIL_NO_MEMORY; n++) {
        arena.fail_at = n;
        rc = pupil_policy_document(&policy, &poor, &document, hash);
        tap_arena_reset(&arena);
    }

    ok(rc == PUPIL_OK && n > 3, "out of memory %ld times", n - 2);

    pupil_category_unload(policy.categories[0]);
    pupil_category_unload(policy.categories[1]);
}


int
main(void)
{
    static tap_arena_t  arena;

    pupil_error_t   error;
    pupil_policy_t  policy;

    alloc.alloc = tap_arena_alloc;
    alloc.ctx = &arena;

    if (sodium_init() < 0) {
        return 2;
    }

    categories_policy(&policy, &alloc, 0);
    ok(pupil_policy_category(&policy, str("stone")) == 1, "category");
    ok(pupil_policy_category(&policy, str("ston")) == -1, "no category");
    ok(pupil_policy_add(&policy, policy.categories[1], &error)
       == PUPIL_INVALID && strstr(error.text, "twice") != NULL, "twice");
    test_closed(&policy);
    pupil_category_unload(policy.categories[0]);
    pupil_category_unload(policy.categories[1]);

    test_denies();
    test_document();
    test_memory();
    tap_arena_reset(&arena);

    return tap_done();
}
