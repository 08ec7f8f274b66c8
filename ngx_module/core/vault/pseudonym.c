/*
 * Copyright (C) the Pupil authors
 */

#include "core/base/text.h"
#include "core/vault/keyed.h"
#include "core/vault/pseudonym.h"


void
pupil_pseudonym(const pupil_subkey_t *key, pupil_str_t application,
    uint8_t out[PUPIL_PSEUDONYM_TEXT_LEN])
{
    uint8_t        name[PUPIL_PSEUDONYM_LEN];
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, &key->seal, "pupil.pseudonym.v1", sizeof(name));
    pupil_keyed_str(&hash, application);
    pupil_keyed_end(&hash, name);
    pupil_stack_wipe();

    (void) pupil_hex_encode(name, sizeof(name), out);
}
