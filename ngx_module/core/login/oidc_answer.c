/*
 * Copyright (C) the Pupil authors
 *
 * What comes back with the browser: a query, or a form that another site's page
 * sends.  Providers add parameters of their own, which are passed over; one
 * that we know and that is there twice is somebody's trick.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/login/oidc.h"


#define ANSWER_NAME_MAX  32


typedef struct {
    const char  *name;
    size_t       max;           /* bytes */
    size_t       offset;
} answer_param_t;


static pupil_rc_t answer_param(const pupil_alloc_t *alloc, const uint8_t *s,
    size_t len, uint32_t *given, pupil_oidc_answer_t *out, const char **why);
static pupil_rc_t answer_decode(const pupil_alloc_t *alloc, const uint8_t *s,
    size_t len, pupil_str_t *out);


static const answer_param_t  answer_params[] = {
    { "code", PUPIL_CODE_MAX, offsetof(pupil_oidc_answer_t, code) },
    { "state", PUPIL_FLOW_WORD_LEN, offsetof(pupil_oidc_answer_t, state) },
    { "iss", 1024, offsetof(pupil_oidc_answer_t, iss) },
    { "error", 128, offsetof(pupil_oidc_answer_t, error) }
};

#define ANSWER_PARAMS  (sizeof(answer_params) / sizeof(answer_params[0]))


pupil_rc_t
pupil_oidc_answer(const pupil_alloc_t *alloc, pupil_str_t form,
    pupil_oidc_answer_t *out, const char **why)
{
    size_t          rest, len;
    uint32_t        given;
    pupil_rc_t      rc;
    const uint8_t  *p, *next;

    memset(out, 0, sizeof(pupil_oidc_answer_t));
    given = 0;

    for (p = form.data, rest = form.len; rest != 0; rest -= len + 1) {
        next = memchr(p, '&', rest);
        len = next != NULL ? (size_t) (next - p) : rest;

        rc = answer_param(alloc, p, len, &given, out, why);
        if (rc != PUPIL_OK) {
            return rc;
        }

        if (next == NULL) {
            break;
        }

        p = next + 1;
    }

    if (out->state.len == 0 || (out->code.len == 0) == (out->error.len == 0)) {
        *why = "it has no state, or not one of code and error";
        return PUPIL_INVALID;
    }

    return PUPIL_OK;
}


static pupil_rc_t
answer_param(const pupil_alloc_t *alloc, const uint8_t *s, size_t len,
    uint32_t *given, pupil_oidc_answer_t *out, const char **why)
{
    size_t          i, name_len;
    pupil_rc_t      rc;
    pupil_str_t     name, value;
    const uint8_t  *equals;

    equals = len != 0 ? memchr(s, '=', len) : NULL;
    name_len = equals != NULL ? (size_t) (equals - s) : len;

    if (name_len == 0 || name_len > 3 * ANSWER_NAME_MAX) {
        return PUPIL_OK;
    }

    *why = "its percent-encoding is wrong";

    rc = answer_decode(alloc, s, name_len, &name);
    if (rc != PUPIL_OK) {
        return rc;
    }

    for (i = 0; i < ANSWER_PARAMS; i++) {
        if (pupil_str_is(name, answer_params[i].name)) {
            break;
        }
    }

    if (i == ANSWER_PARAMS) {
        return PUPIL_OK;
    }

    if (*given & UINT32_C(1) << i) {
        *why = "a parameter is there twice";
        return PUPIL_INVALID;
    }

    *given |= UINT32_C(1) << i;

    rc = equals == NULL ? PUPIL_INVALID
                        : answer_decode(alloc, equals + 1, len - name_len - 1,
                                        &value);
    if (rc != PUPIL_OK) {
        return rc;
    }

    if (value.len > answer_params[i].max) {
        *why = "a parameter is too long";
        return PUPIL_INVALID;
    }

    memcpy((uint8_t *) out + answer_params[i].offset, &value,
           sizeof(pupil_str_t));

    return PUPIL_OK;
}


/* Printable ASCII comes out, or nothing: RFC 6749 appendix A. */
static pupil_rc_t
answer_decode(const pupil_alloc_t *alloc, const uint8_t *s, size_t len,
    pupil_str_t *out)
{
    size_t    i, written;
    uint8_t  *p;
    uint8_t   c;

    p = alloc->alloc(alloc->ctx, len + 1);
    if (p == NULL) {
        return PUPIL_NO_MEMORY;
    }

    out->data = p;

    for (i = 0; i < len; i++) {
        c = s[i] == '+' ? ' ' : s[i];

        if (c == '%') {
            if (len - i < 3
                || pupil_hex_decode(s + i + 1, 2, &c, 1, &written)
                   != PUPIL_OK)
            {
                return PUPIL_INVALID;
            }

            i += 2;
        }

        if (c < 0x20 || c > 0x7e) {
            return PUPIL_INVALID;
        }

        *p++ = c;
    }

    out->len = (size_t) (p - out->data);

    return PUPIL_OK;
}
