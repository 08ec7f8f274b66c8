/*
 * Copyright (C) the Pupil authors
 *
 * What comes back with the browser: a query, or a form that another site's page
 * sends; and the form of a provider that logs somebody out.  Providers add
 * parameters of their own, which are passed over; one that we know and that is
 * there twice is somebody's trick.
 */

#include <string.h>

#include "pupil_plugin.h"
#include "core/base/text.h"
#include "core/login/jws.h"
#include "core/login/oidc.h"


#define ANSWER_NAME_MAX  32


typedef struct {
    const char  *name;
    size_t       max;           /* bytes */
    size_t       offset;
} answer_param_t;

/* What of a form is known, and where it goes. */
typedef struct {
    const answer_param_t  *params;
    size_t                 count;
    uint32_t               given;   /* a bit for each that came */
    void                  *out;
} answer_known_t;


static pupil_rc_t answer_read(const pupil_alloc_t *alloc, pupil_str_t form,
    answer_known_t *known, const char **why);
static pupil_rc_t answer_param(const pupil_alloc_t *alloc, const uint8_t *s,
    size_t len, answer_known_t *known, const char **why);
static pupil_rc_t answer_decode(const pupil_alloc_t *alloc, const uint8_t *s,
    size_t len, pupil_str_t *out);


static const answer_param_t  answer_params[] = {
    { "code", PUPIL_CODE_MAX, offsetof(pupil_oidc_answer_t, code) },
    { "state", PUPIL_FLOW_WORD_LEN, offsetof(pupil_oidc_answer_t, state) },
    { "iss", 1024, offsetof(pupil_oidc_answer_t, iss) },
    { "error", 128, offsetof(pupil_oidc_answer_t, error) }
};

static const answer_param_t  logout_params[] = {
    { "logout_token", PUPIL_JWS_MAX, 0 }
};


pupil_rc_t
pupil_oidc_answer(const pupil_alloc_t *alloc, pupil_str_t form,
    pupil_oidc_answer_t *out, const char **why)
{
    pupil_rc_t      rc;
    answer_known_t  known = { .params = answer_params,
                              .count = PUPIL_COUNT(answer_params),
                              .out = out };

    memset(out, 0, sizeof(pupil_oidc_answer_t));

    rc = answer_read(alloc, form, &known, why);

    if (rc == PUPIL_OK
        && (out->state.len == 0
            || (out->code.len == 0) == (out->error.len == 0)))
    {
        *why = "it has no state, or not one of code and error";
        return PUPIL_INVALID;
    }

    return rc;
}


pupil_rc_t
pupil_oidc_logout_form(const pupil_alloc_t *alloc, pupil_str_t form,
    pupil_str_t *token, const char **why)
{
    pupil_rc_t      rc;
    answer_known_t  known = { .params = logout_params,
                              .count = PUPIL_COUNT(logout_params),
                              .out = token };

    memset(token, 0, sizeof(pupil_str_t));

    rc = answer_read(alloc, form, &known, why);

    if (rc == PUPIL_OK && token->len == 0) {
        *why = "it has no logout_token";
        return PUPIL_INVALID;
    }

    return rc;
}


static pupil_rc_t
answer_read(const pupil_alloc_t *alloc, pupil_str_t form,
    answer_known_t *known, const char **why)
{
    size_t          rest, len;
    pupil_rc_t      rc;
    const uint8_t  *p, *next;

    for (p = form.data, rest = form.len; rest != 0; rest -= len + 1) {
        next = memchr(p, '&', rest);
        len = next != NULL ? (size_t) (next - p) : rest;

        rc = answer_param(alloc, p, len, known, why);
        if (rc != PUPIL_OK) {
            return rc;
        }

        if (next == NULL) {
            break;
        }

        p = next + 1;
    }

    return PUPIL_OK;
}


static pupil_rc_t
answer_param(const pupil_alloc_t *alloc, const uint8_t *s, size_t len,
    answer_known_t *known, const char **why)
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

    for (i = 0; i < known->count; i++) {
        if (pupil_str_is(name, known->params[i].name)) {
            break;
        }
    }

    if (i == known->count) {
        return PUPIL_OK;
    }

    if (known->given & UINT32_C(1) << i) {
        *why = "a parameter is there twice";
        return PUPIL_INVALID;
    }

    known->given |= UINT32_C(1) << i;

    rc = equals == NULL ? PUPIL_INVALID
                        : answer_decode(alloc, equals + 1, len - name_len - 1,
                                        &value);
    if (rc != PUPIL_OK) {
        return rc;
    }

    if (value.len > known->params[i].max) {
        *why = "a parameter is too long";
        return PUPIL_INVALID;
    }

    memcpy((uint8_t *) known->out + known->params[i].offset, &value,
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
