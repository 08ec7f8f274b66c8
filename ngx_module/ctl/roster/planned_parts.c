/*
 * Copyright (C) the Pupil authors
 *
 * What is put is sealed in parts, each at its number: so none can be left out,
 * or stand for another, and memory does not grow with the roster.
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/planned.h"
#include "ctl/store/keys.h"


#define SERVICE   "plan"        /* the service key */
#define CATEGORY  "import"
#define PART      262140        /* bytes: padded, it fills a class */


static void
place_of(const roster_planned_t *planned, const char *field, uint32_t part,
    pupil_place_t *place)
{
    memset(place, 0, sizeof(pupil_place_t));
    place->tenant = planned->ctl->tenant;
    place->owner = planned->id;
    place->record = planned->id;
    place->category = ctl_str(CATEGORY);
    place->field = ctl_str(field);
    place->key_version = part;
}


static pupil_subkey_t *
subkey(ctl_t *ctl, const pupil_key_t *key)
{
    pupil_subkey_t  *sub;

    sub = pupil_arena_alloc(ctl->arena, sizeof(pupil_subkey_t));

    if (sub == NULL) {
        (void) ctl_error("the arena is too small");
        return NULL;
    }

    pupil_subkey_derive(key, ctl_str(CATEGORY), sub);
    pupil_stack_wipe();

    return sub;
}


static pupil_subkey_t *
service_key(ctl_t *ctl)
{
    const pupil_key_t  *key;

    key = ctl_key_ensure(ctl, SERVICE) == 0 ? ctl_key(ctl, SERVICE) : NULL;

    return key == NULL ? NULL : subkey(ctl, key);
}


int
roster_planned_key_make(roster_planned_t *planned,
    uint8_t sealed[ROSTER_PLANNED_KEY])
{
    int              rc;
    ctl_t           *ctl;
    pupil_place_t    place;
    pupil_subkey_t  *above;

    ctl = planned->ctl;
    above = service_key(ctl);

    if (above == NULL) {
        return -1;
    }

    pupil_key_random(ctl->scratch);
    place_of(planned, "key", 1, &place);

    rc = pupil_seal(above, &place, ctl->scratch->b, PUPIL_KEY_LEN, sealed)
         == PUPIL_OK ? 0 : ctl_error("a key cannot be sealed");

    planned->key = rc == 0 ? subkey(ctl, ctl->scratch) : NULL;
    sodium_memzero(ctl->scratch, sizeof(pupil_key_t));
    crypto_generichash_init(&planned->hash, NULL, 0, PUPIL_HASH_LEN);

    return planned->key != NULL ? 0 : -1;
}


int
roster_planned_key_open(roster_planned_t *planned, pupil_str_t sealed)
{
    int              rc;
    ctl_t           *ctl;
    uint8_t         *clear;
    pupil_str_t      value;
    pupil_place_t    place;
    pupil_subkey_t  *above;

    ctl = planned->ctl;
    above = service_key(ctl);
    clear = pupil_arena_alloc(ctl->arena, ROSTER_PLANNED_KEY);

    if (above == NULL || clear == NULL) {
        return above == NULL ? -1 : ctl_error("the arena is too small");
    }

    place_of(planned, "key", 1, &place);

    rc = sealed.len == ROSTER_PLANNED_KEY
         && pupil_open(above, &place, sealed.data, sealed.len, clear, &value)
            == PUPIL_OK && value.len == PUPIL_KEY_LEN
         ? 0 : ctl_error("the key of plan %s does not open", planned->plan);

    if (rc == 0) {
        memcpy(ctl->scratch->b, value.data, PUPIL_KEY_LEN);
        planned->key = subkey(ctl, ctl->scratch);
        sodium_memzero(ctl->scratch, sizeof(pupil_key_t));
    }

    sodium_memzero(clear, ROSTER_PLANNED_KEY);
    crypto_generichash_init(&planned->hash, NULL, 0, PUPIL_HASH_LEN);

    return rc == 0 && planned->key != NULL ? 0 : -1;
}


static int
part_write(roster_planned_t *planned, size_t len)
{
    int             rc;
    char           *literal, number[16];
    size_t          size;
    uint8_t        *sealed;
    const char     *params[4];
    pupil_place_t   place;

    size = pupil_seal_size(len);
    sealed = ctl_memory(size);
    literal = ctl_memory(CTL_BYTEA_SIZE(size));
    place_of(planned, "part", ++planned->parts, &place);

    rc = pupil_seal(planned->key, &place, (uint8_t *) planned->buf.data, len,
                    sealed) == PUPIL_OK
         ? 0 : ctl_error("a part of the plan cannot be sealed");

    crypto_generichash_update(&planned->hash, sealed, size);
    snprintf(number, sizeof(number), "%u", planned->parts);
    params[0] = planned->ctl->tenant_text;
    params[1] = planned->text;
    params[2] = number;
    params[3] = ctl_bytea(sealed, size, literal);

    if (rc == 0) {
        rc = ctl_write(planned->ctl, planned->ctl->data, "INSERT INTO"
                       " pupil.import_part (tenant, id, part, sealed) VALUES"
                       " ($1::uuid, $2::uuid, $3::integer, $4::bytea)", 4,
                       params);
    }

    free(literal);
    free(sealed);

    return rc;
}


int
roster_planned_put(roster_planned_t *planned, const void *data, size_t len)
{
    size_t       n;
    const char  *p;

    for (p = data; len != 0; p += n, len -= n) {
        n = PART - planned->buf.len;
        n = n < len ? n : len;
        ctl_buf_add(&planned->buf, p, n);

        if (planned->buf.len == PART) {
            if (part_write(planned, PART) != 0) {
                return -1;
            }
            sodium_memzero(planned->buf.data, planned->buf.len);
            ctl_buf_reset(&planned->buf);
        }
    }

    return 0;
}


int
roster_planned_put_end(roster_planned_t *planned)
{
    if (planned->buf.len != 0 && part_write(planned, planned->buf.len) != 0) {
        return -1;
    }

    ctl_buf_free(&planned->buf);
    crypto_generichash_final(&planned->hash, planned->digest,
                             sizeof(planned->digest));

    return 0;
}


static int
part_bad(const roster_planned_t *planned)
{
    return ctl_error("plan %s was changed by somebody without the keys:"
                     " nothing was changed", planned->plan);
}


static int
part_open(roster_planned_t *planned, const uint8_t *sealed, size_t len)
{
    int             rc;
    uint8_t        *clear;
    pupil_str_t     value;
    pupil_place_t   place;

    clear = ctl_memory(len + 1);
    place_of(planned, "part", planned->next, &place);
    crypto_generichash_update(&planned->hash, sealed, len);

    rc = pupil_open(planned->key, &place, sealed, len, clear, &value)
         == PUPIL_OK ? 0 : part_bad(planned);

    if (rc == 0) {
        ctl_buf_add(&planned->buf, value.data, value.len);
    }

    sodium_memzero(clear, len);
    free(clear);

    return rc;
}


static int
part_read(roster_planned_t *planned)
{
    int          rc;
    char         number[16];
    size_t       len, size;
    uint8_t     *sealed;
    PGresult    *res;
    const char  *params[3];

    if (planned->buf.len != 0) {
        sodium_memzero(planned->buf.data, planned->buf.len);
    }

    ctl_buf_reset(&planned->buf);
    planned->read = 0;

    if (planned->next == planned->parts) {
        return part_bad(planned);
    }

    snprintf(number, sizeof(number), "%u", ++planned->next);
    params[0] = planned->ctl->tenant_text;
    params[1] = planned->text;
    params[2] = number;

    res = ctl_ask(planned->ctl, planned->ctl->data, "SELECT p.sealed FROM"
                  " pupil.import_part AS p WHERE p.tenant = $1::uuid AND p.id"
                  " = $2::uuid AND p.part = $3::integer", 3, params);
    if (res == NULL) {
        return -1;
    }

    size = PQntuples(res) == 1 ? (size_t) PQgetlength(res, 0, 0) / 2 + 1 : 1;
    sealed = ctl_memory(size);

    rc = PQntuples(res) == 1
         && ctl_get_bytes(res, 0, 0, sealed, size, &len) == 0
         ? part_open(planned, sealed, len) : part_bad(planned);

    free(sealed);
    PQclear(res);

    return rc;
}


int
roster_planned_take(roster_planned_t *planned, void *data, size_t len)
{
    char    *p;
    size_t   n;

    for (p = data; len != 0; p += n, len -= n) {
        if (planned->read == planned->buf.len && part_read(planned) != 0) {
            return -1;
        }

        n = planned->buf.len - planned->read;
        n = n < len ? n : len;
        memcpy(p, planned->buf.data + planned->read, n);
        planned->read += n;
    }

    return 0;
}


int
roster_planned_take_end(roster_planned_t *planned)
{
    uint8_t  digest[PUPIL_HASH_LEN];

    crypto_generichash_final(&planned->hash, digest, sizeof(digest));

    return planned->next == planned->parts
           && planned->read == planned->buf.len
           && sodium_memcmp(digest, planned->digest, sizeof(digest)) == 0
           ? 0 : part_bad(planned);
}
