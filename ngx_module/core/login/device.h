/*
 * Copyright (C) the Pupil authors
 *
 * A browser that is known: what it keeps of who has logged in at it, so that
 * somebody else's wrong guesses do not lock them out.  A random id, and for
 * each account the day and a keyed hash of both; the database has nothing of
 * it.  Context: any.
 */

#ifndef PUPIL_DEVICE_H
#define PUPIL_DEVICE_H

#include "core/base/text.h"
#include "core/vault/vault.h"


#define PUPIL_DEVICE_DAYS    180    /* since the last log-in of an account */
#define PUPIL_DEVICE_MOST    8      /* accounts: the longest ago falls out */
#define PUPIL_DEVICE_ID_LEN  32

/* Bytes of one that has so many accounts: a day and a MAC each. */
#define PUPIL_DEVICE_LEN(count)                                               \
    (PUPIL_DEVICE_ID_LEN + (count) * (4 + PUPIL_HASH_LEN))
#define PUPIL_DEVICE_TEXT_MAX                                                 \
    PUPIL_BASE64URL_LEN(PUPIL_DEVICE_LEN(PUPIL_DEVICE_MOST))

typedef struct {
    size_t   count;                             /* of accounts */
    uint8_t  bytes[PUPIL_DEVICE_LEN(PUPIL_DEVICE_MOST)];  /* the last first */
} pupil_device_t;


/* One that nobody has seen. */
void pupil_device_new(pupil_device_t *device);

/* As its cookie says; PUPIL_INVALID: that is none, and the device a new one. */
pupil_rc_t pupil_device_parse(pupil_str_t text, pupil_device_t *device);

/* Days since somebody logged in at it with this identifier; -1: it is not
 * known for that.  today: days since 1970. */
int32_t pupil_device_age(const pupil_key_t *key, const pupil_device_t *device,
    pupil_str_t identifier, uint32_t today);

/* What it is to keep once somebody does, to be carried until then. */
void pupil_device_one(const pupil_key_t *key, const pupil_device_t *device,
    pupil_str_t identifier, uint32_t today, uint8_t one[PUPIL_DEVICE_LEN(1)]);

/* Somebody has; one of another id makes it that, and of no other account. */
void pupil_device_add(pupil_device_t *device,
    const uint8_t one[PUPIL_DEVICE_LEN(1)]);

/* This account is forgotten. */
void pupil_device_forget(const pupil_key_t *key, pupil_device_t *device,
    pupil_str_t identifier);

/* Its cookie; returns the length. */
size_t pupil_device_text(const pupil_device_t *device,
    uint8_t text[PUPIL_DEVICE_TEXT_MAX]);

#endif /* PUPIL_DEVICE_H */
