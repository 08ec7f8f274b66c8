/*
 * Copyright (C) the Pupil authors
 *
 * An answer that came as a form, sealed for the page that it goes on to.
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/login/oidc.h"


static tap_arena_t          arena;
static const pupil_alloc_t  alloc = { tap_arena_alloc, &arena };


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static void
test_sealed(void)
{
    uint8_t      changed[256];
    pupil_key_t  key, wrong;
    pupil_str_t  text, form, bad;

    memset(&key, 7, sizeof(key));
    text = pupil_oidc_answer_seal(&alloc, &key, str("uni"), str("code=c"));
    ok(pupil_oidc_answer_open(&alloc, &key, str("uni"), text, &form)
       == PUPIL_OK && pupil_str_is(form, "code=c"),
       "sealed: an answer is read again");

    wrong = key;
    wrong.b[0] ^= 1;
    ok(pupil_oidc_answer_open(&alloc, &wrong, str("uni"), text, &form)
       == PUPIL_INVALID, "sealed: under no other key");
    ok(pupil_oidc_answer_open(&alloc, &key, str("skol"), text, &form)
       == PUPIL_INVALID, "sealed: of no other provider");

    memcpy(changed, text.data, text.len);
    bad.data = changed;
    bad.len = text.len;
    changed[40] ^= 1;
    ok(pupil_oidc_answer_open(&alloc, &key, str("uni"), bad, &form)
       == PUPIL_INVALID, "sealed: not once it is changed");

    for (bad = text; bad.len-- != 0; /* void */ ) {
        if (pupil_oidc_answer_open(&alloc, &key, str("uni"), bad, &form)
            != PUPIL_INVALID)
        {
            break;
        }
    }

    ok(bad.len == (size_t) -1, "sealed: nor a part of it");
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }

    test_sealed();

    tap_arena_reset(&arena);

    return tap_done();
}
