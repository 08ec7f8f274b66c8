/*
 * Copyright (C) the Pupil authors
 *
 * What a browser carries of a log-in that is not done: its parts as bytes, each
 * of the same length always, and those as text that is sealed, so that nothing
 * is stored.  Context: any.
 */

#ifndef PUPIL_CARRIED_H
#define PUPIL_CARRIED_H

#include "core/base/text.h"
#include "core/vault/vault.h"


/* Of len bytes: with a nonce and a tag; and that as text. */
#define PUPIL_CARRIED_SEALED(len)    (24 + (len) + 16)
#define PUPIL_CARRIED_TEXT_LEN(len)                                           \
    PUPIL_BASE64URL_LEN(PUPIL_CARRIED_SEALED(len))

/* Each part, in both directions; at goes on by its length. */
typedef struct {
    uint8_t  *at;
    int       out;          /* parts are written there, or read from there */
} pupil_carried_t;

/* What it is sealed under. */
typedef struct {
    const pupil_key_t  *key;
    const char         *label;      /* of the kind */
    const pupil_str_t  *of;         /* whom it is good at; NULL: nobody's */
} pupil_carried_by_t;


void pupil_carried_part(pupil_carried_t *walk, void *part, size_t len);
void pupil_carried_number(pupil_carried_t *walk, uint32_t *number);
void pupil_carried_time(pupil_carried_t *walk, int64_t *at);

/*
 * XChaCha20-Poly1305, under a key that is derived for one kind alone.  room:
 * PUPIL_CARRIED_SEALED(len) bytes, the caller's; text:
 * PUPIL_CARRIED_TEXT_LEN(len).  What is in clear the caller wipes.
 */
void pupil_carried_seal(const pupil_carried_by_t *by, const uint8_t *clear,
    size_t len, uint8_t *room, uint8_t *text);

/* PUPIL_INVALID: it is none, and clear is undefined. */
pupil_rc_t pupil_carried_open(const pupil_carried_by_t *by, pupil_str_t text,
    uint8_t *room, uint8_t *clear, size_t len);

#endif /* PUPIL_CARRIED_H */
