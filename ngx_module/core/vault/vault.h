/*
 * Copyright (C) the Pupil authors
 *
 * Sealing: what turns a value into ciphertext that opens only at its place,
 * and a key into bytes that open only under the key above it.
 *
 *     key-encryption key -> tenant key -> owner key -> category subkeys
 *                                      -> service key
 *
 * A sealed value is
 *
 *     format 1 | algorithm 1 | key version 4 | commitment 32 | nonce 24 |
 *     ciphertext 32 * 2^n | tag 16                    (sizes in bytes)
 *
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) over the padded value.  The
 * additional data is positional and of fixed or length-prefixed width:
 * format, algorithm, object type, tenant, owner, category, field, record,
 * key version.  So a value is bound to its place (invariant I6).
 *
 * Poly1305 does not commit to its key; the commitment does: BLAKE2b under a
 * subkey of its own over additional data, nonce and tag, checked first and in
 * constant time.
 *
 * The padded value is its length, 4 bytes big-endian, the value, zeros up to
 * the class 32 * 2^n: a dump shows classes of length and not lengths.
 *
 * libsodium is started, once, before anything here is called: sodium_init()
 * or pupil_arena_create().  No function allocates, blocks or keeps state; none
 * leaves a key on the stack (invariant I14).  Context: any.
 */

#ifndef PUPIL_VAULT_H
#define PUPIL_VAULT_H

#include "core/base/pupil.h"


#define PUPIL_KEY_LEN        32
#define PUPIL_SEAL_OVERHEAD  (1 + 1 + 4 + 32 + 24 + 16)
#define PUPIL_WRAPPED_LEN    (PUPIL_SEAL_OVERHEAD + 64)  /* a wrapped key */
#define PUPIL_COMMITMENT_LEN 32
#define PUPIL_TERM_LEN       32    /* of a blind index */
#define PUPIL_NAME_MAX       64    /* of a category, a field, a service key */
#define PUPIL_VALUE_MAX      ((size_t) 1 << 24)      /* bytes of a value */


/* A key in clear: only ever in an arena, or on a stack that is wiped. */
typedef struct {
    uint8_t  b[PUPIL_KEY_LEN];
} pupil_key_t;


/* What an owner key, or a wrapping key, is split into before use. */
typedef struct {
    pupil_key_t  seal;
    pupil_key_t  commit;
} pupil_subkey_t;


typedef enum {
    PUPIL_OBJECT_VALUE = 1,         /* a field of a record */
    PUPIL_OBJECT_TENANT_KEY,        /* wrapped by the KEK */
    PUPIL_OBJECT_OWNER_KEY,         /* wrapped by a tenant key */
    PUPIL_OBJECT_SERVICE_KEY        /* wrapped by a tenant key */
} pupil_object_t;


/*
 * Where a value belongs.  Ids that are all zero are refused, but for the two
 * that a wrapped key does not have: see pupil_wrap().
 */
typedef struct {
    pupil_uuid_t  tenant;
    pupil_uuid_t  owner;
    pupil_uuid_t  record;
    pupil_str_t   category;         /* 1 to PUPIL_NAME_MAX bytes */
    pupil_str_t   field;            /* 1 to PUPIL_NAME_MAX bytes */
    uint32_t      key_version;      /* from 1 */
} pupil_place_t;


/*
 * The subkeys of one category: keyed BLAKE2b over a label and the
 * length-prefixed name.  out should lie in an arena.
 */
void pupil_subkey_derive(const pupil_key_t *key, pupil_str_t category,
    pupil_subkey_t *out);

/* Bytes of a sealed value of len bytes; 0 if len is over PUPIL_VALUE_MAX. */
size_t pupil_seal_size(size_t len);

/*
 * Seals in, len bytes (at most PUPIL_VALUE_MAX), at place; writes exactly
 * pupil_seal_size(len) bytes to out, which does not overlap in.
 * PUPIL_INVALID for a zero id, a zero version, an empty or a long name, a
 * long value.
 */
pupil_rc_t pupil_seal(const pupil_subkey_t *key, const pupil_place_t *place,
    const uint8_t *in, size_t len, uint8_t *out);

/* The version of the owner's key that sealed the value; 0 if malformed. */
uint32_t pupil_sealed_version(const uint8_t *sealed, size_t len);

/* The commitment of what is not malformed, inside sealed; NULL else. */
const uint8_t *pupil_sealed_commitment(const uint8_t *sealed, size_t len);

/*
 * Opens sealed; writes at most len - PUPIL_SEAL_OVERHEAD bytes to out, which
 * receives the whole padded value: *value points into it.  PUPIL_TAMPERED
 * for anything that was not sealed by this key at this place; out then holds
 * nothing of a value.  PUPIL_INVALID for a place as in pupil_seal().
 */
pupil_rc_t pupil_open(const pupil_subkey_t *key, const pupil_place_t *place,
    const uint8_t *sealed, size_t len, uint8_t *out, pupil_str_t *value);

/*
 * Wraps or unwraps a key under another.  tenant: always.  id: the owner's
 * uuid; for a tenant key and a service key zero.  name: of a service key,
 * else empty.  version: the wrapped key's own, of a service key always 1;
 * parent_version: the epoch of the KEK or the version of the tenant key.
 */
typedef struct {
    pupil_object_t  object;
    pupil_uuid_t    tenant;
    pupil_uuid_t    id;
    pupil_str_t     name;
    uint32_t        version;
    uint32_t        parent_version;
} pupil_wrapping_t;

/* PUPIL_INVALID for a broken rule above, PUPIL_TAMPERED as pupil_open(). */
pupil_rc_t pupil_wrap(const pupil_key_t *parent, const pupil_wrapping_t *what,
    const pupil_key_t *key, uint8_t out[PUPIL_WRAPPED_LEN]);
pupil_rc_t pupil_unwrap(const pupil_key_t *parent,
    const pupil_wrapping_t *what, const uint8_t *wrapped, size_t len,
    pupil_key_t *out);

/*
 * The term of a blind index: keyed BLAKE2b.  Whoever holds the key can
 * enumerate a small space such as national numbers.
 */
void pupil_blind_term(const pupil_key_t *key, pupil_str_t value,
    uint8_t out[PUPIL_TERM_LEN]);

/* A random key. */
void pupil_key_random(pupil_key_t *out);

/*
 * Wipes what a function that was called before may have left of a key below
 * the stack pointer.  Last in each function that handles keys.
 */
void pupil_stack_wipe(void);

/*
 * From hold to release, which nest, pupil_stack_wipe() of this thread is put
 * off; release then wipes once, as deep as any of them would have: for whoever
 * opens many values before anybody else comes to run.  A wipe costs as much as
 * a short hash.
 */
void pupil_stack_hold(void);
void pupil_stack_release(void);

/*
 * The value inside a padded one; here for the tests and the fuzzer, as
 * pupil_open() calls it only on what was authenticated.  PUPIL_TAMPERED
 * unless the length fits, the class is the smallest, and the rest is zeros.
 */
pupil_rc_t pupil_unpad(const uint8_t *padded, size_t len, pupil_str_t *value);

#endif /* PUPIL_VAULT_H */
