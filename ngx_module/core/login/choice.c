/*
 * Copyright (C) the Pupil authors
 *
 * Sealed under a key that is derived of the address's, always of the same
 * length: how long a name is does not show.
 */

#include <string.h>

#include <sodium.h>

#include "pupil_plugin.h"
#include "core/login/choice.h"


#define LABEL  "pupil.choice.v1"


static int choice_is(const pupil_choice_t *choice, int64_t now);
static void choice_walk(pupil_choice_t *choice, uint8_t *bytes, int out);


pupil_rc_t
pupil_choice_put(pupil_choice_t *choice, uint32_t which, pupil_str_t text)
{
    if (text.len > PUPIL_CHOICE_NAME) {
        return PUPIL_INVALID;
    }

    if (text.len != 0) {
        memcpy(choice->names[which], text.data, text.len);
    }

    choice->len[which] = (uint32_t) text.len;

    return PUPIL_OK;
}


pupil_str_t
pupil_choice_get(const pupil_choice_t *choice, uint32_t which)
{
    pupil_str_t  text;

    text.data = choice->names[which];
    text.len = choice->len[which];

    return text;
}


void
pupil_choice_seal(const pupil_key_t *key, pupil_str_t provider,
    pupil_choice_t *choice, uint8_t text[PUPIL_CHOICE_TEXT_LEN])
{
    uint8_t             clear[PUPIL_CHOICE_LEN];
    uint8_t             sealed[PUPIL_CARRIED_SEALED(PUPIL_CHOICE_LEN)];
    pupil_carried_by_t  by = { key, LABEL, &provider };

    randombytes_buf(choice->mark, sizeof(choice->mark));
    choice_walk(choice, clear, 1);
    pupil_carried_seal(&by, clear, sizeof(clear), sealed, text);

    sodium_memzero(clear, sizeof(clear));
    pupil_stack_wipe();
}


pupil_rc_t
pupil_choice_open(const pupil_key_t *key, pupil_str_t provider,
    pupil_str_t text, int64_t now, pupil_choice_t *choice)
{
    uint8_t             clear[PUPIL_CHOICE_LEN];
    uint8_t             sealed[PUPIL_CARRIED_SEALED(PUPIL_CHOICE_LEN)];
    pupil_rc_t          rc;
    pupil_carried_by_t  by = { key, LABEL, &provider };

    rc = pupil_carried_open(&by, text, sealed, clear, sizeof(clear));

    if (rc == PUPIL_OK) {
        choice_walk(choice, clear, 0);

        if (!choice_is(choice, now)) {
            pupil_choice_wipe(choice);
            rc = PUPIL_INVALID;
        }
    }

    sodium_memzero(clear, sizeof(clear));
    pupil_stack_wipe();

    return rc;
}


static int
choice_is(const pupil_choice_t *choice, int64_t now)
{
    uint32_t  i;

    for (i = 0; i < PUPIL_COUNT(choice->len); i++) {
        if (choice->len[i] > PUPIL_CHOICE_NAME) {
            return 0;
        }
    }

    return choice->count <= PUPIL_CHOICE_MOST
           && choice->made <= now + PUPIL_CHOICE_SKEW
           && now - choice->made < PUPIL_CHOICE_LIFETIME;
}


static void
choice_walk(pupil_choice_t *choice, uint8_t *bytes, int out)
{
    uint32_t         i;
    pupil_carried_t  walk;

    walk.at = bytes;
    walk.out = out;

    pupil_carried_time(&walk, &choice->made);
    pupil_carried_time(&walk, &choice->begun);
    pupil_carried_time(&walk, &choice->proved);
    pupil_carried_number(&walk, &choice->count);

    for (i = 0; i < PUPIL_CHOICE_MOST; i++) {
        pupil_carried_part(&walk, choice->tenants[i].b, PUPIL_UUID_LEN);
    }

    pupil_carried_part(&walk, choice->mark, sizeof(choice->mark));

    for (i = 0; i < PUPIL_COUNT(choice->len); i++) {
        pupil_carried_number(&walk, &choice->len[i]);
        pupil_carried_part(&walk, choice->names[i], PUPIL_CHOICE_NAME);
    }
}


int
pupil_choice_has(const pupil_choice_t *choice, const pupil_uuid_t *tenant)
{
    uint32_t  i;

    for (i = 0; i < choice->count; i++) {
        if (pupil_uuid_compare(&choice->tenants[i], tenant) == 0) {
            return 1;
        }
    }

    return 0;
}


void
pupil_choice_wipe(pupil_choice_t *choice)
{
    sodium_memzero(choice, sizeof(pupil_choice_t));
}
