/*
 * Copyright (C) the Pupil authors
 *
 * What is stored of a second factor, as text.
 */

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/json/json_tree.h"
#include "core/json/writer.h"
#include "core/login/factor.h"


#define NUMBER_DIGITS  18
#define HASH_TEXT      PUPIL_BASE64URL_LEN(PUPIL_HASH_LEN)


static pupil_rc_t factor_bytes(const pupil_json_t *json,
    const char *name, uint8_t *out, size_t size);
static pupil_rc_t factor_decode(pupil_str_t text, uint8_t *out, size_t size);
static pupil_rc_t factor_number(const pupil_json_t *json,
    const char *name, uint64_t *out);
static pupil_rc_t factor_recovery(const pupil_json_t *json,
    pupil_factor_t *factor);
static void factor_put(pupil_writer_t *out, const uint8_t *bytes, size_t len);


/*
 * {"secret":"...","step":N,"recovery":["...",...],"token":"...","until":N,
 * "number":N,"mailed":N}, what there is not of it left out.
 */
pupil_rc_t
pupil_factor_read(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_factor_t *factor)
{
    uint64_t                   until, number;
    pupil_rc_t                 rc;
    pupil_json_t               json;

    static const pupil_json_limits_t  limits = { .max_depth = 2,
                                                 .max_nodes = 32 };

    memset(factor, 0, sizeof(pupil_factor_t));

    if (text.len == 0) {
        return PUPIL_OK;
    }

    rc = pupil_json_parse(alloc, text.data, text.len, &limits, &json, NULL);

    if (rc == PUPIL_OK && pupil_json_type(&json, 0) != PUPIL_JSON_OBJECT) {
        rc = PUPIL_INVALID;
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    if (pupil_json_member(&json, 0, "secret") != PUPIL_JSON_NONE) {
        factor->enrolled = 1;

        if (factor_bytes(&json, "secret", factor->secret,
                         PUPIL_FACTOR_SECRET_LEN) != PUPIL_OK
            || factor_number(&json, "step", &factor->step) != PUPIL_OK
            || factor_recovery(&json, factor) != PUPIL_OK)
        {
            return PUPIL_INVALID;
        }
    }

    if (pupil_json_member(&json, 0, "token") != PUPIL_JSON_NONE) {

        if (factor_bytes(&json, "token", factor->token, PUPIL_HASH_LEN)
            != PUPIL_OK
            || factor_number(&json, "until", &until) != PUPIL_OK)
        {
            return PUPIL_INVALID;
        }

        factor->until = (int64_t) until;

        /* of before there were numbers: the first that is given ends it */
        if (pupil_json_member(&json, 0, "number") != PUPIL_JSON_NONE) {

            if (factor_number(&json, "number", &number) != PUPIL_OK
                || number > UINT32_MAX)
            {
                return PUPIL_INVALID;
            }

            factor->number = (uint32_t) number;
        }
    }

    if (pupil_json_member(&json, 0, "mailed") != PUPIL_JSON_NONE) {

        if (factor_number(&json, "mailed", &number) != PUPIL_OK) {
            return PUPIL_INVALID;
        }

        factor->mailed = (int64_t) number;
    }

    return PUPIL_OK;
}


static pupil_rc_t
factor_bytes(const pupil_json_t *json, const char *name,
    uint8_t *out, size_t size)
{
    uint32_t  node;

    node = pupil_json_member(json, 0, name);

    return node != PUPIL_JSON_NONE
           ? factor_decode(pupil_json_raw(json, node), out, size)
           : PUPIL_INVALID;
}


/* A JSON string of base64url, with its quotes. */
static pupil_rc_t
factor_decode(pupil_str_t text, uint8_t *out, size_t size)
{
    size_t  written;

    return text.len == PUPIL_BASE64URL_LEN(size) + 2 && text.data[0] == '"'
           && pupil_base64url_decode(text.data + 1, text.len - 2, out, size,
                                     &written) == PUPIL_OK
           && written == size ? PUPIL_OK : PUPIL_INVALID;
}


static pupil_rc_t
factor_number(const pupil_json_t *json, const char *name,
    uint64_t *out)
{
    size_t       i;
    uint32_t     node;
    pupil_str_t  text;

    node = pupil_json_member(json, 0, name);
    if (node == PUPIL_JSON_NONE) {
        return PUPIL_INVALID;
    }

    text = pupil_json_raw(json, node);
    *out = 0;

    for (i = 0; i < text.len; i++) {
        if (i == NUMBER_DIGITS || !pupil_is_digit(text.data[i])) {
            return PUPIL_INVALID;
        }

        *out = *out * 10 + (uint64_t) (text.data[i] - '0');
    }

    return PUPIL_OK;
}


static pupil_rc_t
factor_recovery(const pupil_json_t *json, pupil_factor_t *factor)
{
    uint32_t  list, node;

    list = pupil_json_member(json, 0, "recovery");
    if (list == PUPIL_JSON_NONE) {
        return PUPIL_INVALID;
    }

    for (node = pupil_json_first(json, list); node != PUPIL_JSON_NONE;
         node = pupil_json_next(json, node))
    {
        if (factor->recovery_count == PUPIL_FACTOR_RECOVERY
            || factor_decode(pupil_json_raw(json, node),
                             factor->recovery[factor->recovery_count++],
                             PUPIL_HASH_LEN) != PUPIL_OK)
        {
            return PUPIL_INVALID;
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_factor_write(const pupil_alloc_t *alloc, const pupil_factor_t *factor,
    pupil_str_t *text)
{
    uint32_t        i;
    pupil_writer_t  out;

    pupil_writer_init(&out, alloc, 0);
    pupil_writer_object_begin(&out);

    if (factor->enrolled) {
        pupil_writer_key(&out, "secret");
        factor_put(&out, factor->secret, PUPIL_FACTOR_SECRET_LEN);
        pupil_writer_key(&out, "step");
        pupil_writer_int64(&out, (int64_t) factor->step);
        pupil_writer_key(&out, "recovery");
        pupil_writer_array_begin(&out);

        for (i = 0; i < factor->recovery_count; i++) {
            factor_put(&out, factor->recovery[i], PUPIL_HASH_LEN);
        }

        pupil_writer_array_end(&out);
    }

    if (factor->until != 0) {
        pupil_writer_key(&out, "token");
        factor_put(&out, factor->token, PUPIL_HASH_LEN);
        pupil_writer_key(&out, "until");
        pupil_writer_int64(&out, factor->until);
        pupil_writer_key(&out, "number");
        pupil_writer_int64(&out, factor->number);
    }

    if (factor->mailed != 0) {
        pupil_writer_key(&out, "mailed");
        pupil_writer_int64(&out, factor->mailed);
    }

    pupil_writer_object_end(&out);

    if (pupil_writer_flatten(&out, alloc, text) != PUPIL_OK) {
        return PUPIL_NO_MEMORY;
    }

    pupil_writer_reset(&out);

    return PUPIL_OK;
}


static void
factor_put(pupil_writer_t *out, const uint8_t *bytes, size_t len)
{
    uint8_t  text[HASH_TEXT];

    pupil_writer_string(out, text, pupil_base64url_encode(bytes, len, text));
    sodium_memzero(text, sizeof(text));
}


void
pupil_factor_wipe(pupil_factor_t *factor)
{
    sodium_memzero(factor, sizeof(pupil_factor_t));
}
