/*
 * Copyright (C) the Pupil authors
 *
 * An answer that came as a form, on its way to the page that reads it: sealed,
 * so that the line of a request, which logs have, tells no code.
 */

#include "pupil_plugin.h"
#include "core/base/text.h"
#include "core/login/carried.h"
#include "core/login/oidc.h"


#define LABEL  "pupil.answer.v1"


pupil_str_t
pupil_oidc_answer_seal(const pupil_alloc_t *alloc, const pupil_key_t *key,
    pupil_str_t provider, pupil_str_t form)
{
    uint8_t            *text, *room;
    pupil_str_t         out = { NULL, 0 };
    pupil_carried_by_t  by = { key, LABEL, &provider };

    text = alloc->alloc(alloc->ctx, PUPIL_CARRIED_TEXT_LEN(form.len));
    room = alloc->alloc(alloc->ctx, PUPIL_CARRIED_SEALED(form.len));

    if (text == NULL || room == NULL) {
        return out;
    }

    pupil_carried_seal(&by, form.data, form.len, room, text);

    out.data = text;
    out.len = PUPIL_CARRIED_TEXT_LEN(form.len);

    return out;
}


pupil_rc_t
pupil_oidc_answer_open(const pupil_alloc_t *alloc, const pupil_key_t *key,
    pupil_str_t provider, pupil_str_t text, pupil_str_t *form)
{
    size_t              bytes, most;
    uint8_t            *clear, *room;
    pupil_carried_by_t  by = { key, LABEL, &provider };

    bytes = PUPIL_BASE64URL_BYTES(text.len);
    most = PUPIL_CARRIED_SEALED(PUPIL_ANSWER_MAX);

    if (bytes <= PUPIL_CARRIED_SEALED(0) || bytes > most) {
        return PUPIL_INVALID;
    }

    form->len = bytes - PUPIL_CARRIED_SEALED(0);
    clear = alloc->alloc(alloc->ctx, form->len);
    room = alloc->alloc(alloc->ctx, bytes);
    form->data = clear;

    if (clear == NULL || room == NULL) {
        return PUPIL_NO_MEMORY;
    }

    return pupil_carried_open(&by, text, room, clear, form->len);
}
