/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#include "core/base/text.h"
#include "core/plugin/fold.h"


static pupil_rc_t pupil_fold_ascii(pupil_str_t text,
    const pupil_alloc_t *alloc, pupil_str_t *folded);
static uint8_t *pupil_fold_unicode(pupil_str_t text, size_t *len);


pupil_rc_t
pupil_fold(pupil_str_t text, const pupil_alloc_t *alloc, pupil_str_t *folded)
{
    size_t    i, len;
    uint8_t  *made, *out;

    for (i = 0; i < text.len && text.data[i] < 0x80; i++) {
        /* void */
    }

    if (i == text.len) {
        return pupil_fold_ascii(text, alloc, folded);
    }

    if (pupil_utf8_check(text.data, text.len, NULL) != PUPIL_OK) {
        *folded = text;
        return PUPIL_OK;
    }

    made = pupil_fold_unicode(text, &len);
    if (made == NULL) {
        return PUPIL_NO_MEMORY;
    }

    out = alloc->alloc(alloc->ctx, len);

    if (out != NULL) {
        memcpy(out, made, len);
        folded->data = out;
        folded->len = len;
    }

    sodium_memzero(made, len);
    free(made);

    return out != NULL ? PUPIL_OK : PUPIL_NO_MEMORY;
}


/* Nearly all of them, without a library. */
static pupil_rc_t
pupil_fold_ascii(pupil_str_t text, const pupil_alloc_t *alloc,
    pupil_str_t *folded)
{
    size_t    i;
    uint8_t  *out;

    out = alloc->alloc(alloc->ctx, text.len + 1);
    if (out == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (i = 0; i < text.len; i++) {
        out[i] = text.data[i];

        if (out[i] >= 'A' && out[i] <= 'Z') {
            out[i] |= 0x20;
        }
    }

    folded->data = out;
    folded->len = text.len;

    return PUPIL_OK;
}


/* From malloc().  Decomposed first, or marks hide letters. */
static uint8_t *
pupil_fold_unicode(pupil_str_t text, size_t *len)
{
    size_t    apart_len;
    uint8_t  *apart, *folded;

    apart = u8_normalize(UNINORM_NFD, text.data, text.len, NULL, &apart_len);
    if (apart == NULL) {
        return NULL;
    }

    folded = u8_casefold(apart, apart_len, NULL, UNINORM_NFC, NULL, len);

    sodium_memzero(apart, apart_len);
    free(apart);

    return folded;
}
