/*
 * Copyright (C) the Pupil authors
 *
 * The layout of a sealed value and of its additional data, each in one place:
 * the offsets below and pupil_place_write().
 */

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/vault/keyed.h"
#include "core/vault/vault.h"


#define PUPIL_SEAL_FORMAT     1
#define PUPIL_SEAL_ALGORITHM  1     /* XChaCha20-Poly1305, BLAKE2b commitment */

#define PUPIL_AT_FORMAT       0
#define PUPIL_AT_ALGORITHM    1
#define PUPIL_AT_VERSION      2
#define PUPIL_AT_COMMITMENT   6
#define PUPIL_AT_NONCE        38
#define PUPIL_AT_BODY         62

#define PUPIL_NONCE_LEN       crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define PUPIL_TAG_LEN         crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PUPIL_CLASS_MIN       32
#define PUPIL_CLASS_MAX       (PUPIL_VALUE_MAX * 2)
#define PUPIL_LENGTH_LEN      4

#define PUPIL_LABEL_LEN       16    /* of an object type, padded with NUL */
#define PUPIL_PLACE_LEN       (1 + 1 + PUPIL_LABEL_LEN + 16 + 16             \
                               + 2 + PUPIL_NAME_MAX + 2 + PUPIL_NAME_MAX     \
                               + 16 + 4 + 4)

/* Deeper than libsodium's AVX2 code and a lazy binding of its symbols go. */
#define PUPIL_STACK_DEPTH     8192

#if defined(__has_attribute)
#if __has_attribute(zero_call_used_regs)
#define PUPIL_ZERO_REGISTERS  __attribute__((noinline,                       \
                                             zero_call_used_regs("all")))
#endif
#endif
#ifndef PUPIL_ZERO_REGISTERS
#define PUPIL_ZERO_REGISTERS  __attribute__((noinline))
#endif


/* Of this thread: held how often, and the deepest frame that asked since. */
static __thread struct {
    unsigned   count;
    uintptr_t  deepest;
} pupil_held;


/* What each type of object is called in hashes, and which ids it has. */
typedef struct {
    char     label[PUPIL_LABEL_LEN];
    uint8_t  has_id;
    uint8_t  has_name;
} pupil_object_rule_t;

/* Everything that a sealed value is bound to. */
typedef struct {
    pupil_object_t       object;
    const pupil_uuid_t  *tenant;
    const pupil_uuid_t  *owner;         /* NULL: zero */
    const pupil_uuid_t  *record;        /* NULL: zero */
    pupil_str_t          category;
    pupil_str_t          field;
    uint32_t             version;       /* of the key that seals */
    uint32_t             own_version;   /* of the key that is sealed, or 0 */
} pupil_binding_t;

typedef struct {
    uint8_t  b[PUPIL_PLACE_LEN];
    size_t   len;
} pupil_ad_t;


static pupil_rc_t pupil_binding_of_place(const pupil_place_t *place,
    pupil_binding_t *binding);
static pupil_rc_t pupil_binding_of_key(const pupil_wrapping_t *what,
    pupil_binding_t *binding);
static void pupil_place_write(const pupil_binding_t *binding, pupil_ad_t *ad);
static void pupil_commit(const pupil_subkey_t *key, const pupil_ad_t *ad,
    const uint8_t *nonce, const uint8_t *tag,
    uint8_t out[PUPIL_COMMITMENT_LEN]);
static void pupil_wrapping_derive(const pupil_key_t *parent,
    pupil_object_t object, pupil_subkey_t *out);
static void pupil_seal_bound(const pupil_subkey_t *key,
    const pupil_binding_t *binding, const uint8_t *in, size_t len,
    uint8_t *out);
static pupil_rc_t pupil_open_bound(const pupil_subkey_t *key,
    const pupil_binding_t *binding, const uint8_t *sealed, size_t len,
    uint8_t *out, pupil_str_t *value);
static size_t pupil_padded_len(size_t len);
static int pupil_is_zero(const uint8_t *p, size_t len);


static const pupil_object_rule_t  pupil_object_rules[] = {
    [PUPIL_OBJECT_VALUE]       = { "value",       1, 1 },
    [PUPIL_OBJECT_TENANT_KEY]  = { "tenant-key",  0, 0 },
    [PUPIL_OBJECT_OWNER_KEY]   = { "owner-key",   1, 0 },
    [PUPIL_OBJECT_SERVICE_KEY] = { "service-key", 0, 1 },
};


void
pupil_subkey_derive(const pupil_key_t *key, pupil_str_t category,
    pupil_subkey_t *out)
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.subkey.v1", sizeof(*out));
    pupil_keyed_str(&hash, category);
    pupil_keyed_end(&hash, (uint8_t *) out);
    pupil_stack_wipe();
}


size_t
pupil_seal_size(size_t len)
{
    return len <= PUPIL_VALUE_MAX
           ? PUPIL_SEAL_OVERHEAD + pupil_padded_len(len) : 0;
}


pupil_rc_t
pupil_seal(const pupil_subkey_t *key, const pupil_place_t *place,
    const uint8_t *in, size_t len, uint8_t *out)
{
    pupil_binding_t  binding;

    if (len > PUPIL_VALUE_MAX
        || pupil_binding_of_place(place, &binding) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    pupil_seal_bound(key, &binding, in, len, out);
    pupil_stack_wipe();

    return PUPIL_OK;
}


uint32_t
pupil_sealed_version(const uint8_t *sealed, size_t len)
{
    size_t  body;

    if (len < PUPIL_SEAL_OVERHEAD + PUPIL_CLASS_MIN
        || sealed[PUPIL_AT_FORMAT] != PUPIL_SEAL_FORMAT
        || sealed[PUPIL_AT_ALGORITHM] != PUPIL_SEAL_ALGORITHM)
    {
        return 0;
    }

    body = len - PUPIL_SEAL_OVERHEAD;

    if ((body & (body - 1)) != 0 || body > PUPIL_CLASS_MAX) {
        return 0;
    }

    return pupil_u32_read(sealed + PUPIL_AT_VERSION);
}


const uint8_t *
pupil_sealed_commitment(const uint8_t *sealed, size_t len)
{
    return pupil_sealed_version(sealed, len) != 0
           ? sealed + PUPIL_AT_COMMITMENT : NULL;
}


pupil_rc_t
pupil_open(const pupil_subkey_t *key, const pupil_place_t *place,
    const uint8_t *sealed, size_t len, uint8_t *out, pupil_str_t *value)
{
    pupil_rc_t       rc;
    pupil_binding_t  binding;

    value->data = NULL;
    value->len = 0;

    if (pupil_binding_of_place(place, &binding) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    rc = pupil_open_bound(key, &binding, sealed, len, out, value);
    pupil_stack_wipe();

    return rc;
}


pupil_rc_t
pupil_wrap(const pupil_key_t *parent, const pupil_wrapping_t *what,
    const pupil_key_t *key, uint8_t out[PUPIL_WRAPPED_LEN])
{
    pupil_subkey_t   subkey;
    pupil_binding_t  binding;

    if (pupil_binding_of_key(what, &binding) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    pupil_wrapping_derive(parent, what->object, &subkey);
    pupil_seal_bound(&subkey, &binding, key->b, sizeof(key->b), out);

    sodium_memzero(&subkey, sizeof(subkey));
    pupil_stack_wipe();

    return PUPIL_OK;
}


pupil_rc_t
pupil_unwrap(const pupil_key_t *parent, const pupil_wrapping_t *what,
    const uint8_t *wrapped, size_t len, pupil_key_t *out)
{
    uint8_t          padded[PUPIL_WRAPPED_LEN - PUPIL_SEAL_OVERHEAD];
    pupil_rc_t       rc;
    pupil_str_t      value;
    pupil_subkey_t   subkey;
    pupil_binding_t  binding;

    if (pupil_binding_of_key(what, &binding) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    if (len != PUPIL_WRAPPED_LEN) {
        return PUPIL_TAMPERED;
    }

    pupil_wrapping_derive(parent, what->object, &subkey);
    rc = pupil_open_bound(&subkey, &binding, wrapped, len, padded, &value);

    if (rc == PUPIL_OK && value.len != sizeof(out->b)) {
        rc = PUPIL_TAMPERED;
    }

    if (rc == PUPIL_OK) {
        memcpy(out->b, value.data, sizeof(out->b));
    }

    sodium_memzero(&subkey, sizeof(subkey));
    sodium_memzero(padded, sizeof(padded));
    pupil_stack_wipe();

    return rc;
}


void
pupil_blind_term(const pupil_key_t *key, pupil_str_t value,
    uint8_t out[PUPIL_TERM_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.blind.v1", PUPIL_TERM_LEN);
    pupil_keyed_str(&hash, value);
    pupil_keyed_end(&hash, out);
    pupil_stack_wipe();
}


void
pupil_key_random(pupil_key_t *out)
{
    randombytes_buf(out->b, sizeof(out->b));
    pupil_stack_wipe();
}


/*
 * Registers too, where the compiler can: a signal's frame and the dynamic
 * linker spill them to the stack.
 */
PUPIL_ZERO_REGISTERS void
pupil_stack_wipe(void)
{
    uintptr_t  here;

    if (pupil_held.count == 0) {
        sodium_stackzero(PUPIL_STACK_DEPTH);
        return;
    }

    here = (uintptr_t) __builtin_frame_address(0);

    if (pupil_held.deepest == 0 || here < pupil_held.deepest) {
        pupil_held.deepest = here;
    }
}


void
pupil_stack_hold(void)
{
    pupil_held.count++;
}


PUPIL_ZERO_REGISTERS void
pupil_stack_release(void)
{
    size_t     depth;
    uintptr_t  here;

    if (--pupil_held.count != 0 || pupil_held.deepest == 0) {
        return;
    }

    here = (uintptr_t) __builtin_frame_address(0);
    depth = PUPIL_STACK_DEPTH;

    if (pupil_held.deepest < here) {
        depth += here - pupil_held.deepest;
    }

    pupil_held.deepest = 0;
    sodium_stackzero(depth);
}


pupil_rc_t
pupil_unpad(const uint8_t *padded, size_t len, pupil_str_t *value)
{
    uint32_t  value_len;

    value->data = NULL;
    value->len = 0;

    if (len < PUPIL_CLASS_MIN) {
        return PUPIL_TAMPERED;
    }

    value_len = pupil_u32_read(padded);

    if (value_len > PUPIL_VALUE_MAX || pupil_padded_len(value_len) != len
        || !pupil_is_zero(padded + PUPIL_LENGTH_LEN + value_len,
                          len - PUPIL_LENGTH_LEN - value_len))
    {
        return PUPIL_TAMPERED;
    }

    value->data = padded + PUPIL_LENGTH_LEN;
    value->len = value_len;

    return PUPIL_OK;
}


/* What was padded is authentic: how long this takes tells nobody anything. */
static int
pupil_is_zero(const uint8_t *p, size_t len)
{
    return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}


static pupil_rc_t
pupil_binding_of_place(const pupil_place_t *place, pupil_binding_t *binding)
{
    if (pupil_uuid_is_zero(&place->tenant)
        || pupil_uuid_is_zero(&place->owner)
        || pupil_uuid_is_zero(&place->record)
        || place->category.len == 0 || place->category.len > PUPIL_NAME_MAX
        || place->field.len == 0 || place->field.len > PUPIL_NAME_MAX
        || place->key_version == 0)
    {
        return PUPIL_INVALID;
    }

    binding->object = PUPIL_OBJECT_VALUE;
    binding->tenant = &place->tenant;
    binding->owner = &place->owner;
    binding->record = &place->record;
    binding->category = place->category;
    binding->field = place->field;
    binding->version = place->key_version;
    binding->own_version = 0;

    return PUPIL_OK;
}


static pupil_rc_t
pupil_binding_of_key(const pupil_wrapping_t *what, pupil_binding_t *binding)
{
    const pupil_object_rule_t  *rule;

    if (what->object < PUPIL_OBJECT_TENANT_KEY
        || what->object > PUPIL_OBJECT_SERVICE_KEY)
    {
        return PUPIL_INVALID;
    }

    rule = &pupil_object_rules[what->object];

    if (sodium_is_zero(what->tenant.b, PUPIL_UUID_LEN)
        || sodium_is_zero(what->id.b, PUPIL_UUID_LEN) == rule->has_id
        || (what->name.len != 0) != rule->has_name
        || what->name.len > PUPIL_NAME_MAX
        || what->version == 0 || what->parent_version == 0)
    {
        return PUPIL_INVALID;
    }

    binding->object = what->object;
    binding->tenant = &what->tenant;
    binding->owner = &what->id;
    binding->record = NULL;
    binding->category = what->name;
    binding->field.data = NULL;
    binding->field.len = 0;
    binding->version = what->parent_version;
    binding->own_version = what->version;

    return PUPIL_OK;
}


static uint8_t *
pupil_uuid_write(uint8_t *p, const pupil_uuid_t *uuid)
{
    if (uuid == NULL) {
        memset(p, 0, PUPIL_UUID_LEN);

    } else {
        memcpy(p, uuid->b, PUPIL_UUID_LEN);
    }

    return p + PUPIL_UUID_LEN;
}


static uint8_t *
pupil_name_write(uint8_t *p, pupil_str_t name)
{
    *p++ = 0;
    *p++ = (uint8_t) name.len;

    if (name.len != 0) {
        memcpy(p, name.data, name.len);
    }

    return p + name.len;
}


/*
 * The additional data, positional:
 *
 *     format 1 | algorithm 1 | label of the object type 16 | tenant 16 |
 *     owner 16 | 2 + category | 2 + field | record 16 | key version 4 |
 *     version of the wrapped key 4
 *
 * The names are preceded by their length, so that no two places share it.
 */
static void
pupil_place_write(const pupil_binding_t *binding, pupil_ad_t *ad)
{
    uint8_t  *p = ad->b;

    *p++ = PUPIL_SEAL_FORMAT;
    *p++ = PUPIL_SEAL_ALGORITHM;
    memcpy(p, pupil_object_rules[binding->object].label, PUPIL_LABEL_LEN);
    p += PUPIL_LABEL_LEN;
    p = pupil_uuid_write(p, binding->tenant);
    p = pupil_uuid_write(p, binding->owner);
    p = pupil_name_write(p, binding->category);
    p = pupil_name_write(p, binding->field);
    p = pupil_uuid_write(p, binding->record);
    pupil_u32_write(p, binding->version);
    pupil_u32_write(p + 4, binding->own_version);

    ad->len = (size_t) (p + 8 - ad->b);
}


static void
pupil_commit(const pupil_subkey_t *key, const pupil_ad_t *ad,
    const uint8_t *nonce, const uint8_t *tag,
    uint8_t out[PUPIL_COMMITMENT_LEN])
{
    pupil_str_t    place = { ad->b, ad->len };
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, &key->commit, "pupil.commit.v1",
                      PUPIL_COMMITMENT_LEN);
    pupil_keyed_keep(&hash);
    pupil_keyed_str(&hash, place);
    pupil_keyed_bytes(&hash, nonce, PUPIL_NONCE_LEN);
    pupil_keyed_bytes(&hash, tag, PUPIL_TAG_LEN);
    pupil_keyed_end(&hash, out);
}


/* A wrapping key has no categories: the type of what it wraps stands there. */
static void
pupil_wrapping_derive(const pupil_key_t *parent, pupil_object_t object,
    pupil_subkey_t *out)
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, parent, "pupil.wrap.v1", sizeof(*out));
    pupil_keyed_bytes(&hash, pupil_object_rules[object].label,
                      PUPIL_LABEL_LEN);
    pupil_keyed_end(&hash, (uint8_t *) out);
}


static void
pupil_seal_bound(const pupil_subkey_t *key, const pupil_binding_t *binding,
    const uint8_t *in, size_t len, uint8_t *out)
{
    size_t      body_len;
    uint8_t    *body, *tag;
    pupil_ad_t  ad;

    body_len = pupil_padded_len(len);
    body = out + PUPIL_AT_BODY;
    tag = body + body_len;

    out[PUPIL_AT_FORMAT] = PUPIL_SEAL_FORMAT;
    out[PUPIL_AT_ALGORITHM] = PUPIL_SEAL_ALGORITHM;
    pupil_u32_write(out + PUPIL_AT_VERSION, binding->version);
    randombytes_buf(out + PUPIL_AT_NONCE, PUPIL_NONCE_LEN);

    pupil_u32_write(body, (uint32_t) len);
    if (len != 0) {
        memcpy(body + PUPIL_LENGTH_LEN, in, len);
    }
    memset(body + PUPIL_LENGTH_LEN + len, 0,
           body_len - PUPIL_LENGTH_LEN - len);

    pupil_place_write(binding, &ad);

    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(body, tag, NULL,
        body, body_len, ad.b, ad.len, NULL, out + PUPIL_AT_NONCE,
        key->seal.b);

    pupil_commit(key, &ad, out + PUPIL_AT_NONCE, tag,
                 out + PUPIL_AT_COMMITMENT);
}


static pupil_rc_t
pupil_open_bound(const pupil_subkey_t *key, const pupil_binding_t *binding,
    const uint8_t *sealed, size_t len, uint8_t *out, pupil_str_t *value)
{
    size_t          body_len;
    uint8_t         commitment[PUPIL_COMMITMENT_LEN];
    pupil_ad_t      ad;
    const uint8_t  *nonce, *body, *tag;

    if (pupil_sealed_version(sealed, len) != binding->version) {
        return PUPIL_TAMPERED;
    }

    body_len = len - PUPIL_SEAL_OVERHEAD;
    nonce = sealed + PUPIL_AT_NONCE;
    body = sealed + PUPIL_AT_BODY;
    tag = body + body_len;

    pupil_place_write(binding, &ad);
    pupil_commit(key, &ad, nonce, tag, commitment);

    if (crypto_verify_32(commitment, sealed + PUPIL_AT_COMMITMENT) != 0) {
        return PUPIL_TAMPERED;
    }

    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(out, NULL, body,
            body_len, tag, ad.b, ad.len, nonce, key->seal.b) != 0)
    {
        return PUPIL_TAMPERED;
    }

    if (pupil_unpad(out, body_len, value) != PUPIL_OK) {
        sodium_memzero(out, body_len);
        return PUPIL_TAMPERED;
    }

    return PUPIL_OK;
}


/* The smallest class that holds the length and len bytes. */
static size_t
pupil_padded_len(size_t len)
{
    size_t  padded = PUPIL_CLASS_MIN;

    while (padded < len + PUPIL_LENGTH_LEN) {
        padded *= 2;
    }

    return padded;
}
