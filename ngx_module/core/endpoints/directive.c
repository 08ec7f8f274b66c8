/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/directive.h"


#define PUPIL_SHA256  "sha256="


const pupil_need_t  pupil_needs[PUPIL_NEED_COUNT] = {
    [PUPIL_NEED_DATABASE] = {
        .directive = "pupil_database",
        .words = "\"host=... dbname=pupil user=pupil_gateway\""
    },
    [PUPIL_NEED_KEYSTORE] = {
        .directive = "pupil_keystore",
        .words = "\"host=... dbname=pupil_keys user=pupil_keeper\""
    },
    [PUPIL_NEED_MASTER_KEY] = {
        .directive = "pupil_master_key",
        .words = "FILE"
    },
    [PUPIL_NEED_PLUGIN] = {
        .directive = "pupil_plugin",
        .words = "FILE, one for each category"
    }
};


pupil_rc_t
pupil_need_missing(pupil_need_id_t need, pupil_error_t *error)
{
    return pupil_error_set(error, "Pupil's handlers need a directive that is"
                           " missing: add \"%s %s;\" to http {}",
                           pupil_needs[need].directive,
                           pupil_needs[need].words);
}


static int
pupil_directive_pins(pupil_str_t word)
{
    return word.len >= sizeof(PUPIL_SHA256) - 1
           && memcmp(word.data, PUPIL_SHA256, sizeof(PUPIL_SHA256) - 1) == 0;
}


/* The hash that the file must have.  *pinned: pin, or NULL without one. */
static pupil_rc_t
pupil_directive_pin(const pupil_str_t *words, uint32_t count,
    uint8_t pin[PUPIL_HASH_LEN], const uint8_t **pinned, pupil_error_t *error)
{
    size_t       len;
    uint32_t     i;
    pupil_str_t  hex;

    *pinned = NULL;

    for (i = 0; i < count; i++) {
        if (!pupil_directive_pins(words[i])) {
            continue;
        }

        hex.data = words[i].data + sizeof(PUPIL_SHA256) - 1;
        hex.len = words[i].len - (sizeof(PUPIL_SHA256) - 1);

        if (*pinned != NULL
            || pupil_hex_decode(hex.data, hex.len, pin, PUPIL_HASH_LEN, &len)
               != PUPIL_OK
            || len != PUPIL_HASH_LEN)
        {
            return pupil_error_set(error, PUPIL_SHA256 " takes the 64 hex"
                                   " digits that sha256sum prints, once");
        }

        *pinned = pin;
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_directive_options(pupil_category_t *category, const pupil_str_t *words,
    uint32_t count, pupil_error_t *error)
{
    uint32_t    i;
    pupil_rc_t  rc;

    for (i = 0, rc = PUPIL_OK; i < count && rc == PUPIL_OK; i++) {
        if (!pupil_directive_pins(words[i])) {
            rc = pupil_category_option(category, words[i], error);
        }
    }

    return rc;
}


pupil_rc_t
pupil_directive_plugin(pupil_policy_t *policy, const char *file,
    const pupil_str_t *words, uint32_t count, const pupil_alloc_t *alloc,
    pupil_category_t **category, pupil_error_t *error)
{
    uint8_t         pin[PUPIL_HASH_LEN];
    pupil_rc_t      rc;
    const uint8_t  *pinned;

    *category = NULL;

    rc = pupil_directive_pin(words, count, pin, &pinned, error);

    if (rc == PUPIL_OK) {
        rc = pupil_category_load(file, pinned, alloc, category, error);
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_directive_options(*category, words, count, error);

    if (rc == PUPIL_OK) {
        rc = pupil_policy_add(policy, *category, error);
    }

    if (rc != PUPIL_OK) {
        pupil_category_unload(*category);
        *category = NULL;
    }

    return rc;
}


pupil_rc_t
pupil_directive_keystore(pupil_str_t word, int *same_cluster,
    pupil_error_t *error)
{
    if (!pupil_str_is(word, "same_cluster")) {
        return pupil_error_set(error, "unknown parameter \"%.*s\" of"
                               " pupil_keystore: it takes same_cluster",
                               (int) word.len, (const char *) word.data);
    }

    *same_cluster = 1;

    return PUPIL_OK;
}
