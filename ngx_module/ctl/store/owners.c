/*
 * Copyright (C) the Pupil authors
 *
 * Owner keys: made and fetched in batches, and what they seal.
 */

#include <sodium.h>
#include <string.h>

#include "ctl/base/ctl.h"


static int
owner_put(ctl_t *ctl, const ctl_owner_t *owner)
{
    pupil_rc_t        rc;
    pupil_str_t       wrapped = { owner->wrapped, owner->wrapped_len };
    pupil_wrapping_t  what;

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    what.tenant = ctl->tenant;
    what.id = owner->id;
    what.version = owner->version;
    what.parent_version = owner->tenant_version;

    rc = pupil_keyring_put_owner(ctl->ring, &what, owner->state, wrapped,
                                 ctl_now());

    return rc == PUPIL_OK ? 0
           : ctl_error("the key of an owner does not open: the key store was"
                       " tampered with");
}


/*
 * The key store first: a data row whose key is lost would be worse than a
 * key without rows.  Committed before it returns.
 */
int
ctl_owners_make(ctl_t *ctl, ctl_owner_t *const *owners, size_t count)
{
    int                 rc = -1;
    size_t              i;
    uint32_t            version;
    ctl_buf_t           ids = { NULL, 0, 0 }, keys = { NULL, 0, 0 };
    const char         *params[4];
    char                number[16];
    pupil_key_t        *scratch;
    pupil_wrapping_t    what;
    const pupil_key_t  *parent;

    if (count == 0) {
        return 0;
    }

    parent = pupil_keyring_tenant(ctl->ring, &ctl->tenant, &version);
    scratch = ctl->scratch;
    if (parent == NULL) {
        ctl_error("the tenant has no key");
        goto done;
    }

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    what.tenant = ctl->tenant;
    what.version = 1;
    what.parent_version = version;

    ctl_array_begin(&ids);
    ctl_array_begin(&keys);
    for (i = 0; i < count; i++) {
        what.id = owners[i]->id;
        pupil_key_random(scratch);
        if (pupil_wrap(parent, &what, scratch, owners[i]->wrapped)
            != PUPIL_OK)
        {
            ctl_error("a key cannot be wrapped");
            goto done;
        }
        owners[i]->wrapped_len = PUPIL_WRAPPED_LEN;
        owners[i]->version = 1;
        owners[i]->tenant_version = version;
        owners[i]->state = PUPIL_OWNER_STATE_ACTIVE;
        ctl_array_uuid(&ids, &owners[i]->id);
        ctl_array_bytes(&keys, owners[i]->wrapped, PUPIL_WRAPPED_LEN);
    }
    ctl_array_end(&ids);
    ctl_array_end(&keys);
    pupil_stack_wipe();

    snprintf(number, sizeof(number), "%u", version);
    params[0] = ctl->tenant_text;
    params[1] = number;
    params[2] = ids.data;
    params[3] = keys.data;
    if (ctl_begin(ctl->keys, &ctl->tenant) == 0
        && ctl_exec(ctl->keys, "INSERT INTO keystore.owner_key (tenant, owner,"
                    " state, version, tenant_version, wrapped) SELECT"
                    " $1::uuid, k.owner, 'active', 1, $2::integer, k.wrapped"
                    " FROM unnest($3::uuid[], $4::bytea[]) AS k(owner,"
                    " wrapped)", 4, params) == 0
        && ctl_commit(ctl->keys) == 0)
    {
        rc = 0;
    } else {
        ctl_rollback(ctl->keys);
    }

done:

    sodium_memzero(scratch, sizeof(pupil_key_t));
    ctl_buf_free(&ids);
    ctl_buf_free(&keys);

    return rc;
}


static int
owners_read(const PGresult *res, ctl_owner_t *const *owners, size_t count)
{
    int           row, rc = 0, fresh;
    size_t        i;
    ctl_map_t     map = { NULL, 0, 0 };
    ctl_slot_t   *slot;
    ctl_owner_t  *owner;
    pupil_str_t   key;
    pupil_uuid_t  id;

    for (i = 0; i < count; i++) {
        key.data = owners[i]->id.b;
        key.len = PUPIL_UUID_LEN;
        ctl_map_put(&map, key, &fresh)->value = (uint32_t) i;
    }

    key.len = PUPIL_UUID_LEN;
    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        ctl_get_uuid(res, row, 0, &id);
        key.data = id.b;
        slot = ctl_map_get(&map, key);
        if (slot == NULL) {
            continue;
        }
        owner = owners[slot->value];
        owner->state = pupil_owner_state(ctl_get_str(res, row, 1));
        owner->version = (uint32_t) ctl_get_int(res, row, 2, 0);
        owner->tenant_version = (uint32_t) ctl_get_int(res, row, 3, 0);
        rc = ctl_get_bytes(res, row, 4, owner->wrapped,
                           sizeof(owner->wrapped), &owner->wrapped_len);
    }
    ctl_map_free(&map);

    return rc == 0 ? 0 : ctl_error("the key store holds no key where one"
                                   " should be");
}


int
ctl_owners_fetch(ctl_t *ctl, ctl_owner_t *const *owners, size_t count)
{
    int          rc = -1;
    size_t       i, wanted = 0;
    PGresult    *res = NULL;
    ctl_buf_t    ids = { NULL, 0, 0 };
    const char  *params[1];

    ctl_array_begin(&ids);
    for (i = 0; i < count; i++) {
        if (owners[i]->wrapped_len == 0) {
            ctl_array_uuid(&ids, &owners[i]->id);
            wanted++;
        }
    }
    ctl_array_end(&ids);

    if (wanted == 0) {
        rc = 0;
        goto done;
    }

    params[0] = ids.data;
    if (ctl_begin(ctl->keys, &ctl->tenant) == 0) {
        res = ctl_query(ctl->keys, "SELECT owner, state, version,"
                        " tenant_version, wrapped FROM keystore.owner_key"
                        " WHERE owner = ANY ($1::uuid[])", 1, params);
    }
    if (res != NULL) {
        rc = owners_read(res, owners, count);
        PQclear(res);
    }
    ctl_rollback(ctl->keys);

done:

    ctl_buf_free(&ids);

    return rc;
}


int
ctl_seal(ctl_t *ctl, ctl_pool_t *pool, const ctl_owner_t *owner,
    const char *category, const char *field, const pupil_uuid_t *record,
    pupil_str_t value, pupil_str_t *sealed)
{
    uint8_t                *out;
    pupil_rc_t              rc;
    pupil_place_t           place;
    const pupil_subkey_t   *key;

    place.tenant = ctl->tenant;
    place.owner = owner->id;
    place.record = *record;
    place.category = ctl_str(category);
    place.field = ctl_str(field);
    place.key_version = owner->version;

    rc = pupil_keyring_subkey(ctl->ring, &place, owner->state, 0, ctl_now(),
                              &key);
    if (rc == PUPIL_NO_KEY) {
        if (owner->wrapped_len == 0 || owner_put(ctl, owner) != 0) {
            return ctl_error("an owner has no key");
        }
        rc = pupil_keyring_subkey(ctl->ring, &place, owner->state, 0,
                                  ctl_now(), &key);
    }
    if (rc != PUPIL_OK) {
        return ctl_error("an owner's key is %s", rc == PUPIL_ERASED ? "erased"
                         : rc == PUPIL_RESTRICTED ? "restricted"
                                                  : "not available");
    }

    sealed->len = pupil_seal_size(value.len);
    out = ctl_pool_alloc(pool, sealed->len != 0 ? sealed->len : 1);
    sealed->data = out;

    return pupil_seal(key, &place, value.data, value.len, out) == PUPIL_OK
           ? 0 : ctl_error("a value of %s.%s cannot be sealed", category,
                           field);
}
