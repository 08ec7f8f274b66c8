/*
 * Copyright (C) the Pupil authors
 *
 * A browser that is known: what it keeps of who has logged in at it, so that
 * somebody else's wrong guesses do not lock them out.  A random id, and for
 * each account the day, a stamp of whose it is and under which number their
 * password was, and a keyed hash of all; the database has nothing of it.  It is
 * looked at before an account is looked up, by the identifier that was typed,
 * and again once the account is known: whoever had a password that was changed
 * since is known by nothing.  Context: any.
 */

#ifndef PUPIL_DEVICE_H
#define PUPIL_DEVICE_H

#include "core/base/text.h"
#include "core/vault/vault.h"


#define PUPIL_DEVICE_DAYS    180    /* since the last log-in of an account */
#define PUPIL_DEVICE_MOST    8      /* accounts: the longest ago falls out */
#define PUPIL_DEVICE_ID_LEN  32
#define PUPIL_DEVICE_STAMP   12

/* Who is known at which: its id, and a keyed hash of that and of their name. */
#define PUPIL_DEVICE_ONE_LEN  (PUPIL_DEVICE_ID_LEN + PUPIL_HASH_LEN)

/* Bytes of one that has so many accounts: a day, a stamp and a MAC each. */
#define PUPIL_DEVICE_LEN(count)                                               \
    (PUPIL_DEVICE_ID_LEN + (count) * (4 + PUPIL_DEVICE_STAMP + PUPIL_HASH_LEN))
#define PUPIL_DEVICE_TEXT_MAX                                                 \
    PUPIL_BASE64URL_LEN(PUPIL_DEVICE_LEN(PUPIL_DEVICE_MOST))

typedef struct {
    size_t   count;                             /* of accounts */
    uint8_t  bytes[PUPIL_DEVICE_LEN(PUPIL_DEVICE_MOST)];  /* the last first */
} pupil_device_t;

/* What is known of who logs in, once they are looked up. */
typedef struct {
    pupil_uuid_t  subject;
    uint32_t      number;               /* of the password */
} pupil_device_account_t;


/* One that nobody has seen. */
void pupil_device_new(pupil_device_t *device);

/* As its cookie says; PUPIL_INVALID: that is none, and the device a new one. */
pupil_rc_t pupil_device_parse(pupil_str_t text, pupil_device_t *device);

/* Who is to be known, to be carried until they have logged in. */
void pupil_device_one(const pupil_key_t *key, const pupil_device_t *device,
    pupil_str_t identifier, uint8_t one[PUPIL_DEVICE_ONE_LEN]);

/*
 * Days since that one logged in at it; -1: it is not known for them, or not
 * with this account and its password.  account NULL: whichever.  today: days
 * since 1970.
 */
int32_t pupil_device_age(const pupil_key_t *key, const pupil_device_t *device,
    const uint8_t one[PUPIL_DEVICE_ONE_LEN], uint32_t today,
    const pupil_device_account_t *account);

/*
 * They have; what it had of them goes.  One of another id makes it that, and of
 * no other account.
 */
void pupil_device_add(const pupil_key_t *key, pupil_device_t *device,
    const uint8_t one[PUPIL_DEVICE_ONE_LEN], uint32_t today,
    const pupil_device_account_t *account);

/*
 * It is not to know that account, by whichever of its names, with its password
 * of now.  Returns how many of what it had that was.
 */
size_t pupil_device_drop(const pupil_key_t *key, pupil_device_t *device,
    const pupil_device_account_t *account);

/* Its cookie; returns the length. */
size_t pupil_device_text(const pupil_device_t *device,
    uint8_t text[PUPIL_DEVICE_TEXT_MAX]);

#endif /* PUPIL_DEVICE_H */
