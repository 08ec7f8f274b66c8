/*
 * Copyright (C) the Pupil authors
 *
 * Sealed under a key that is derived of the tenant's.
 */

#include <sodium.h>

#include "core/login/carried.h"
#include "core/login/link.h"
#include "core/login/sign_up.h"


_Static_assert(PUPIL_LINK_SEALED == PUPIL_CARRIED_SEALED(PUPIL_LINK_LEN),
               "a nonce, the link, a tag");


static void link_walk(pupil_link_t *link, uint8_t *bytes, int out);


static const struct {
    const char  *label;         /* of the key */
    int64_t      lifetime;      /* seconds */
    size_t       len;           /* in clear: the floors are the last */
} links[] = {
    [PUPIL_LINK_PASSWORD] =
    { "pupil.link.v2", PUPIL_LINK_LIFETIME, PUPIL_LINK_LEN },
    [PUPIL_LINK_SIGN_UP] =
    { "pupil.link.sign_up.v1", PUPIL_SIGN_UP_LIFETIME, PUPIL_LINK_LEN - 4 }
};


size_t
pupil_link_seal(const pupil_key_t *key, pupil_link_for_t what,
    const pupil_link_t *link, uint8_t text[PUPIL_LINK_TEXT_LEN])
{
    uint8_t             clear[PUPIL_LINK_LEN], sealed[PUPIL_LINK_SEALED];
    pupil_link_t        copy;
    pupil_carried_by_t  by = { key, links[what].label, NULL };

    copy = *link;
    link_walk(&copy, clear, 1);
    pupil_carried_seal(&by, clear, links[what].len, sealed, text);

    sodium_memzero(clear, sizeof(clear));
    sodium_memzero(sealed, sizeof(sealed));
    pupil_stack_wipe();

    return PUPIL_CARRIED_TEXT_LEN(links[what].len);
}


pupil_rc_t
pupil_link_open(const pupil_key_t *key, pupil_link_for_t what,
    pupil_str_t text, int64_t now, pupil_link_t *link)
{
    uint8_t             clear[PUPIL_LINK_LEN] = { 0 };
    uint8_t             sealed[PUPIL_LINK_SEALED];
    pupil_rc_t          rc;
    pupil_carried_by_t  by = { key, links[what].label, NULL };

    rc = pupil_carried_open(&by, text, sealed, clear, links[what].len);

    if (rc == PUPIL_OK) {
        link_walk(link, clear, 0);

        if (link->made > now + PUPIL_LINK_SKEW
            || now - link->made >= links[what].lifetime)
        {
            rc = PUPIL_INVALID;
        }
    }

    sodium_memzero(clear, sizeof(clear));
    pupil_stack_wipe();

    return rc;
}


static void
link_walk(pupil_link_t *link, uint8_t *bytes, int out)
{
    pupil_carried_t  walk;

    walk.at = bytes;
    walk.out = out;

    pupil_carried_part(&walk, link->subject.b, PUPIL_UUID_LEN);
    pupil_carried_time(&walk, &link->made);
    pupil_carried_number(&walk, &link->number);
    pupil_carried_number(&walk, &link->floors);
}
