/*
 * Copyright (C) the Pupil authors
 *
 * An answer of a provider that came as a form, and comes back with the browser
 * in the line of a request: the input as that text, and as the form that is
 * sealed, with one byte of it changed.  No fuzzer forges a tag: a text that
 * opens and was not sealed here is a bug.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/login/carried.h"
#include "core/login/oidc.h"


/* Each piece has its own end, so that whoever reads or writes on is seen. */
typedef struct piece_s  piece_t;

struct piece_s {
    piece_t  *next;
    union {
        max_align_t  align;
        uint8_t      bytes[1];
    } room;
};


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static piece_t  *pieces;

static const pupil_key_t  key = { "0123456789abcdef0123456789abcde" };
static const pupil_key_t  other = { "1123456789abcdef0123456789abcde" };

static const pupil_str_t  uni = pupil_str("uni");
static const pupil_str_t  skol = pupil_str("skol");


static void
require(int fact)
{
    if (!fact) {
        abort();
    }
}


static void *
piece_alloc(void *ctx, size_t size)
{
    piece_t   *piece;
    piece_t  **list = ctx;

    piece = malloc(offsetof(piece_t, room) + size);
    require(piece != NULL);
    piece->next = *list;
    *list = piece;

    return piece->room.bytes;
}


static const pupil_alloc_t  alloc = { piece_alloc, &pieces };


static int
opens(const pupil_key_t *by, pupil_str_t provider, pupil_str_t text)
{
    pupil_rc_t   rc;
    pupil_str_t  form;

    rc = pupil_oidc_answer_open(&alloc, by, provider, text, &form);
    require(rc == PUPIL_OK || rc == PUPIL_INVALID);

    return rc == PUPIL_OK;
}


static void
fuzz_text(pupil_str_t in)
{
    require(!opens(&key, uni, in));
}


static void
fuzz_form(pupil_str_t in)
{
    size_t                at;
    uint8_t              *text;
    const char           *why;
    pupil_str_t           sealed, form;
    pupil_oidc_answer_t   answer;

    /* what is longer is refused before it is sealed */
    in.len = in.len < PUPIL_ANSWER_MAX ? in.len : PUPIL_ANSWER_MAX;

    sealed = pupil_oidc_answer_seal(&alloc, &key, uni, in);
    require(sealed.data != NULL
            && sealed.len == PUPIL_CARRIED_TEXT_LEN(in.len));

    /* nothing is in it to be opened: there is no such answer */
    if (in.len == 0) {
        require(!opens(&key, uni, sealed));
        return;
    }

    require(pupil_oidc_answer_open(&alloc, &key, uni, sealed, &form)
            == PUPIL_OK);
    require(form.len == in.len && memcmp(form.data, in.data, in.len) == 0);
    require(!opens(&other, uni, sealed) && !opens(&key, skol, sealed));

    if (pupil_oidc_answer(&alloc, form, &answer, &why) == PUPIL_OK) {
        require(answer.state.len != 0);
    }

    at = (size_t) in.data[0] * 31 % sealed.len;
    text = piece_alloc(&pieces, sealed.len);
    memcpy(text, sealed.data, sealed.len);
    text[at] ^= (uint8_t) (in.data[in.len - 1] | 1);
    sealed.data = text;
    require(!opens(&key, uni, sealed));

    text[at] ^= (uint8_t) (in.data[in.len - 1] | 1);
    sealed.len -= 1 + in.data[0] % sealed.len;
    require(!opens(&key, uni, sealed));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    piece_t      *piece;
    pupil_str_t   in;

    if (sodium_init() < 0 || size == 0) {
        return 0;
    }

    in.data = data + 1;
    in.len = size - 1;

    if (data[0] % 2 == 0) {
        fuzz_text(in);

    } else {
        fuzz_form(in);
    }

    while (pieces != NULL) {
        piece = pieces;
        pieces = piece->next;
        free(piece);
    }

    return 0;
}
