/*
 * Copyright (C) the Pupil authors
 *
 * National numbers, by which brokers of BankID name people.  None is stored: an
 * account has a keyed hash of it as its log-in name, which cannot be guessed
 * without the tenant's key, however few numbers there are.  Context: any.
 */

#ifndef PUPIL_NATIONAL_H
#define PUPIL_NATIONAL_H

#include "core/vault/vault.h"


#define PUPIL_NATIONAL_MIN   6     /* digits */
#define PUPIL_NATIONAL_MAX   20    /* letters and digits */
#define PUPIL_NATIONAL_NAME  (2 * PUPIL_HASH_LEN)    /* bytes, in hex */


/*
 * The log-in name of a number, whose hyphens and blanks count for nothing, nor
 * does the case of its letters.  key: the service key of the index of log-in
 * names.  PUPIL_INVALID: it is no such number.
 */
pupil_rc_t pupil_national_name(const pupil_key_t *key, pupil_str_t number,
    uint8_t name[PUPIL_NATIONAL_NAME]);

#endif /* PUPIL_NATIONAL_H */
