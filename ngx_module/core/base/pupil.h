/*
 * Copyright (C) the Pupil authors
 *
 * Types that every part of core shares.  Nothing of nginx is visible here:
 * the same objects are linked into the nginx module, pupilctl, the unit
 * tests and the fuzzers.
 */

#ifndef PUPIL_H
#define PUPIL_H

#include <stddef.h>
#include <stdint.h>


#define PUPIL_VERSION        "0.1.0"    /* of Pupil as a whole */

#define PUPIL_UUID_LEN       16    /* bytes, binary, network order */
#define PUPIL_UUID_TEXT_LEN  36    /* lower case, no terminator */
#define PUPIL_HASH_LEN       32    /* of a SHA-256, and of keyed hashes that are
                                      stored, such as a token's */
#define PUPIL_ERROR_SIZE     512   /* bytes of a pupil_error_t text, with NUL */


/* The outcome of every core function that can fail. */
typedef enum {
    PUPIL_OK = 0,
    PUPIL_NOT_FOUND,        /* no such thing; not an error by itself */
    PUPIL_INVALID,          /* the caller's input breaks a rule */
    PUPIL_TAMPERED,         /* authentication of stored bytes failed */
    PUPIL_NO_KEY,           /* the key is not cached: fetch it, try again */
    PUPIL_RESTRICTED,       /* GDPR article 18: not for this purpose */
    PUPIL_ERASED,           /* GDPR article 17: the key is destroyed */
    PUPIL_NO_MEMORY,
    PUPIL_FAILED            /* anything else; the error text says what */
} pupil_rc_t;


/* Bytes, not NUL-terminated.  Ownership: whoever made it; never freed here. */
typedef struct {
    const uint8_t  *data;
    size_t          len;    /* bytes */
} pupil_str_t;

#define pupil_str(literal)  { (const uint8_t *) literal, sizeof(literal) - 1 }


/* RFC 9562 UUID, binary.  All zero means "none" and is refused as a key. */
typedef struct {
    uint8_t  b[PUPIL_UUID_LEN];
} pupil_uuid_t;


/* Microseconds since 1970-01-01T00:00:00Z, leap seconds ignored. */
typedef int64_t  pupil_time_t;

#define PUPIL_TIME_NONE  INT64_MIN


/*
 * Where a core function takes memory from.  nginx hands in a pool, pupilctl
 * and the tests an arena of malloc blocks.  alloc() returns memory aligned
 * for any type or NULL; nothing is freed singly, the giver frees all at once.
 */
typedef struct {
    void  *(*alloc)(void *ctx, size_t size);
    void    *ctx;
} pupil_alloc_t;


/* A sentence for an operator: what failed, with what, and what to do. */
typedef struct {
    char  text[PUPIL_ERROR_SIZE];
} pupil_error_t;


/*
 * What is wrong with an input: the member as an RFC 6901 JSON pointer and the
 * name of the rule that it breaks, never the value (invariant I16).
 * status is the HTTP status that fits: 400, 413, 415 or 422.
 */
typedef struct {
    uint16_t     status;
    char         field[128];    /* NUL-terminated, "" for the whole body */
    const char  *rule;          /* static, such as "maximum" */
} pupil_fault_t;

#endif /* PUPIL_H */
