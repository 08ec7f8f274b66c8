/*
 * Copyright (C) the Pupil authors
 *
 * What another application calls somebody: a name for that application alone,
 * made of the person's own key.  Two applications cannot find out which of
 * their names are one person's, and once the key is gone nobody can make the
 * name again.
 */

#ifndef PUPIL_PSEUDONYM_H
#define PUPIL_PSEUDONYM_H

#include "core/vault/vault.h"


#define PUPIL_PSEUDONYM_LEN       16
#define PUPIL_PSEUDONYM_TEXT_LEN  (2 * PUPIL_PSEUDONYM_LEN)

/*
 * The subkey that it is made with is that of this category, which no plugin
 * can have, so that nothing else is done with it: names have no colon.
 */
#define PUPIL_PSEUDONYM_CATEGORY  "pseudonym:"


/* Hex digits.  key: the person's subkey of PUPIL_PSEUDONYM_CATEGORY. */
void pupil_pseudonym(const pupil_subkey_t *key, pupil_str_t application,
    uint8_t out[PUPIL_PSEUDONYM_TEXT_LEN]);

#endif /* PUPIL_PSEUDONYM_H */
