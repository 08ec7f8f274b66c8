/*
 * Copyright (C) the Pupil authors
 *
 * Owner keys: made and fetched in batches, and what they seal.
 */

#include <sodium.h>
#include <string.h>

#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/join.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/owners.h"


static int keys_wrap(ctl_t *ctl, ctl_owner_t *const *owners, size_t count);
static int keys_insert(ctl_t *ctl, ctl_owner_t *const *owners, size_t count);
static int versions_know(ctl_t *ctl, ctl_owner_t *const *owners, size_t count);
static int keys_read(const PGresult *res, ctl_owner_t *const *owners,
    size_t count);
static int key_read(void *ctx, uint32_t index, const PGresult *res, int row);
static int key_put(ctl_t *ctl, const ctl_owner_t *owner);


/*
 * The key store first: a data row whose key is lost would be worse than a
 * key without rows.
 */
int
ctl_owners_make(ctl_t *ctl, ctl_owner_t *const *owners, size_t count)
{
    if (count == 0) {
        return 0;
    }

    /* the tenant's key may have a version that was not there before */
    if (ctl_begin(ctl->keys, &ctl->tenant) != 0 || ctl_keys_load(ctl) != 0
        || keys_wrap(ctl, owners, count) != 0
        || keys_insert(ctl, owners, count) != 0 || ctl_commit(ctl->keys) != 0)
    {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return 0;
}


/* Makes the keys, which in clear are nowhere but in the arena (I14). */
static int
keys_wrap(ctl_t *ctl, ctl_owner_t *const *owners, size_t count)
{
    size_t              i;
    uint32_t            version;
    pupil_rc_t          rc;
    pupil_wrapping_t    what;
    const pupil_key_t  *parent;

    parent = pupil_keyring_tenant(ctl->ring, &ctl->tenant, &version);
    if (parent == NULL) {
        return ctl_error("the tenant has no key");
    }

    memset(&what, 0, sizeof(pupil_wrapping_t));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    what.tenant = ctl->tenant;
    what.version = 1;
    what.parent_version = version;

    rc = PUPIL_OK;

    for (i = 0; i < count && rc == PUPIL_OK; i++) {
        what.id = owners[i]->id;

        pupil_key_random(ctl->scratch);
        rc = pupil_wrap(parent, &what, ctl->scratch, owners[i]->wrapped);

        owners[i]->wrapped_len = PUPIL_WRAPPED_LEN;
        owners[i]->version = 1;
        owners[i]->tenant_version = version;
        owners[i]->state = PUPIL_OWNER_STATE_ACTIVE;
    }

    sodium_memzero(ctl->scratch, sizeof(pupil_key_t));
    pupil_stack_wipe();

    return rc == PUPIL_OK ? 0 : ctl_error("a key cannot be wrapped");
}


static int
keys_insert(ctl_t *ctl, ctl_owner_t *const *owners, size_t count)
{
    int          rc;
    char         version[16];
    size_t       i;
    ctl_buf_t    ids, keys;
    const char  *params[4];

    ctl_buf_init(&ids);
    ctl_buf_init(&keys);

    ctl_array_begin(&ids);
    ctl_array_begin(&keys);

    for (i = 0; i < count; i++) {
        ctl_array_uuid(&ids, &owners[i]->id);
        ctl_array_bytes(&keys, owners[i]->wrapped, PUPIL_WRAPPED_LEN);
    }

    ctl_array_end(&ids);
    ctl_array_end(&keys);

    snprintf(version, sizeof(version), "%u", owners[0]->tenant_version);

    params[0] = ctl->tenant_text;
    params[1] = version;
    params[2] = ids.data;
    params[3] = keys.data;

    rc = ctl_exec(ctl->keys, "INSERT INTO keystore.owner_key (tenant, owner,"
                  " state, version, tenant_version, wrapped) SELECT $1::uuid,"
                  " k.owner, 'active', 1, $2::integer, k.wrapped FROM"
                  " unnest($3::uuid[], $4::bytea[]) AS k(owner, wrapped)", 4,
                  params);

    ctl_buf_free(&ids);
    ctl_buf_free(&keys);

    return rc;
}


int
ctl_owners_fetch(ctl_t *ctl, ctl_owner_t *const *owners, size_t count)
{
    int          rc;
    size_t       i, wanted;
    PGresult    *res;
    ctl_buf_t    ids;
    const char  *params[1];

    wanted = 0;
    ctl_buf_init(&ids);
    ctl_array_begin(&ids);

    for (i = 0; i < count; i++) {
        if (owners[i]->wrapped_len == 0) {
            ctl_array_uuid(&ids, &owners[i]->id);
            wanted++;
        }
    }

    ctl_array_end(&ids);

    if (wanted == 0) {
        ctl_buf_free(&ids);
        return 0;
    }

    rc = -1;
    res = NULL;
    params[0] = ids.data;

    if (ctl_begin(ctl->keys, &ctl->tenant) == 0) {
        res = ctl_query(ctl->keys, "SELECT owner, state, version,"
                        " tenant_version, wrapped FROM keystore.owner_key"
                        " WHERE owner = ANY ($1::uuid[])", 1, params);
    }

    if (res != NULL) {
        rc = keys_read(res, owners, count);
        PQclear(res);
    }

    if (rc == 0) {
        rc = versions_know(ctl, owners, count);
    }

    ctl_rollback(ctl->keys);
    ctl_buf_free(&ids);

    return rc;
}


static int
keys_read(const PGresult *res, ctl_owner_t *const *owners, size_t count)
{
    int         rc;
    size_t      i;
    ctl_join_t  join;

    memset(&join, 0, sizeof(ctl_join_t));
    join.key_len = PUPIL_UUID_LEN;

    for (i = 0; i < count; i++) {
        ctl_join_add(&join, owners[i]->id.b, (uint32_t) i);
    }

    rc = ctl_join_rows(&join, res, key_read, (void *) owners);
    ctl_join_free(&join);

    return rc;
}


/* What is wrapped under a version that came since is of no use without it. */
static int
versions_know(ctl_t *ctl, ctl_owner_t *const *owners, size_t count)
{
    size_t    i;
    uint32_t  newest;

    newest = 0;
    (void) pupil_keyring_tenant(ctl->ring, &ctl->tenant, &newest);

    for (i = 0; i < count; i++) {
        if (owners[i]->tenant_version > newest) {
            return ctl_keys_load(ctl);
        }
    }

    return 0;
}


static int
key_read(void *ctx, uint32_t index, const PGresult *res, int row)
{
    ctl_owner_t         *owner;
    ctl_owner_t *const  *owners = ctx;

    owner = owners[index];

    owner->state = pupil_owner_state(ctl_get_str(res, row, 1));
    owner->version = (uint32_t) ctl_get_int(res, row, 2, 0);
    owner->tenant_version = (uint32_t) ctl_get_int(res, row, 3, 0);

    if (ctl_get_bytes(res, row, 4, owner->wrapped, PUPIL_WRAPPED_LEN,
                      &owner->wrapped_len) != 0)
    {
        return ctl_error("the key store holds no key where one should be");
    }

    return 0;
}


int
ctl_place_key(ctl_t *ctl, const ctl_place_t *place, int restricted,
    pupil_place_t *where, const pupil_subkey_t **key)
{
    pupil_rc_t          rc;
    const ctl_owner_t  *owner;

    owner = place->owner;

    where->tenant = ctl->tenant;
    where->owner = owner->id;
    where->record = *place->record;
    where->category = ctl_str(place->category);
    where->field = ctl_str(place->field != NULL ? place->field : "");
    where->key_version = owner->version;

    rc = pupil_keyring_subkey(ctl->ring, where, owner->state, restricted,
                              ctl_now(), key);

    if (rc == PUPIL_NO_KEY) {
        if (owner->wrapped_len == 0 || key_put(ctl, owner) != 0) {
            return ctl_error("an owner has no key");
        }

        rc = pupil_keyring_subkey(ctl->ring, where, owner->state, restricted,
                                  ctl_now(), key);
    }

    if (rc != PUPIL_OK) {
        return ctl_error("an owner's key is %s",
                         rc == PUPIL_ERASED ? "erased"
                         : rc == PUPIL_RESTRICTED ? "restricted"
                                                  : "not available");
    }

    return 0;
}


int
ctl_seal(ctl_t *ctl, ctl_pool_t *pool, const ctl_place_t *place,
    pupil_str_t value, pupil_str_t *sealed)
{
    uint8_t               *out;
    pupil_place_t          where;
    const pupil_subkey_t  *key;

    if (ctl_place_key(ctl, place, 0, &where, &key) != 0) {
        return -1;
    }

    sealed->len = pupil_seal_size(value.len);
    out = ctl_pool_alloc(pool, sealed->len != 0 ? sealed->len : 1);
    sealed->data = out;

    if (pupil_seal(key, &where, value.data, value.len, out) != PUPIL_OK) {
        return ctl_error("a value of %s.%s cannot be sealed", place->category,
                         place->field);
    }

    return 0;
}


int
ctl_open(ctl_t *ctl, ctl_pool_t *pool, const ctl_place_t *place,
    pupil_str_t sealed, pupil_str_t *value)
{
    uint8_t               *out;
    pupil_place_t          where;
    const pupil_subkey_t  *key;

    if (sealed.len <= PUPIL_SEAL_OVERHEAD
        || ctl_place_key(ctl, place, 0, &where, &key) != 0)
    {
        return -1;
    }

    out = ctl_pool_alloc(pool, sealed.len - PUPIL_SEAL_OVERHEAD);

    return pupil_open(key, &where, sealed.data, sealed.len, out, value)
           == PUPIL_OK ? 0 : -1;
}


static int
key_put(ctl_t *ctl, const ctl_owner_t *owner)
{
    pupil_rc_t        rc;
    pupil_str_t       wrapped;
    pupil_wrapping_t  what;

    wrapped.data = owner->wrapped;
    wrapped.len = owner->wrapped_len;

    memset(&what, 0, sizeof(pupil_wrapping_t));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    what.tenant = ctl->tenant;
    what.id = owner->id;
    what.version = owner->version;
    what.parent_version = owner->tenant_version;

    rc = pupil_keyring_put_owner(ctl->ring, &what, owner->state, wrapped,
                                 ctl_now());
    if (rc != PUPIL_OK) {
        return ctl_error("the key of an owner does not open: the key store was"
                         " tampered with");
    }

    return 0;
}
