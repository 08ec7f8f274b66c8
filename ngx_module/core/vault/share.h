/*
 * Copyright (C) the Pupil authors
 *
 * A share of a key file, as text: for paper as well.
 */

#ifndef PUPIL_SHARE_H
#define PUPIL_SHARE_H

#include "core/vault/kek.h"


#define PUPIL_SHARES_MAX      255       /* of a set: numbers of a byte */
#define PUPIL_SHARE_DATA_MAX  (PUPIL_KEYRING_EPOCHS * PUPIL_KEK_LINE_MAX)
#define PUPIL_SHARE_TEXT_MAX  (2 * PUPIL_SHARE_DATA_MAX + 512)


/* proof: that it is of this secret, as nobody can make who does not know it. */
typedef struct {
    pupil_uuid_t  set;
    uint32_t      needs, of;            /* so many of so many */
    uint32_t      number;               /* from 1 */
    size_t        len;                  /* of the secret and of data */
    uint8_t       data[PUPIL_SHARE_DATA_MAX];
    uint8_t       proof[PUPIL_HASH_LEN];
} pupil_share_t;


/* Writes its text, with a NUL; returns the length without it. */
size_t pupil_share_format(const pupil_share_t *share,
    char out[PUPIL_SHARE_TEXT_MAX]);

/*
 * Reads a text that is exactly one: PUPIL_INVALID for what is no share,
 * PUPIL_TAMPERED for one that is not as it was written.
 */
pupil_rc_t pupil_share_parse(pupil_str_t text, pupil_share_t *share);

/* What share->proof is of the right secret. */
void pupil_share_prove(const pupil_share_t *share, pupil_str_t secret,
    uint8_t proof[PUPIL_HASH_LEN]);

#endif /* PUPIL_SHARE_H */
