/*
 * Copyright (C) the Pupil authors
 *
 * An epoch of the key-encryption key gives way to the next.  What a tenant's
 * key is does not change, nor does any value: a transaction for each tenant
 * wraps its key anew, in each of its versions, while workers go on with what
 * they have unwrapped.  So whoever is killed begins again, and finds what is
 * left.
 */

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "core/endpoints/database.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/lifecycle/rotate.h"
#include "ctl/lifecycle/tenants.h"
#include "ctl/store/kek.h"


#define EPOCH_DIGITS  9

typedef struct {
    const pupil_kek_t  *to;             /* the newest */
    char                epoch[16];      /* its number */
    pupil_key_t        *made;           /* in the arena: what was written */
    json_int_t          tenants, keys;
} rotation_t;

/* What the key store says of an epoch. */
typedef struct {
    int         number, retired, newest;
    json_int_t  keys;                   /* that it wraps */
} epoch_t;


static int rotation_begin(ctl_t *ctl, rotation_t *rotation);
static int hosts_know(ctl_t *ctl, const rotation_t *rotation);
static int tenant_rotate(ctl_t *ctl, void *data);
static int tenant_wrap(ctl_t *ctl, rotation_t *rotation);
static int key_wrap(ctl_t *ctl, const rotation_t *rotation,
    const PGresult *res, int row);
static const pupil_kek_t *kek_find(const ctl_t *ctl, int epoch);
static int key_store(ctl_t *ctl, const rotation_t *rotation,
    const char *version, const uint8_t wrapped[PUPIL_WRAPPED_LEN]);
static int epoch_read(ctl_t *ctl, epoch_t *epoch);
static int epoch_check(const ctl_t *ctl, const epoch_t *epoch);


int
ctl_cmd_key_rotate(ctl_t *ctl)
{
    rotation_t  rotation;

    if (rotation_begin(ctl, &rotation) != 0
        || ctl_tenants_each(ctl, tenant_rotate, &rotation) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i,s:I,s:I}",
                                 "epoch", (int) rotation.to->epoch,
                                 "tenants", rotation.tenants,
                                 "keys", rotation.keys));
        return CTL_DONE;
    }

    if (rotation.keys == 0) {
        printf("the keys of all %lld tenant%s are under epoch %s already\n",
               (long long) rotation.tenants, rotation.tenants == 1 ? "" : "s",
               rotation.epoch);
        return CTL_DONE;
    }

    printf("%lld key%s of %lld tenant%s now under epoch %s.  Run pupilctl key"
           " retire for each epoch before it\n", (long long) rotation.keys,
           rotation.keys == 1 ? "" : "s", (long long) rotation.tenants,
           rotation.tenants == 1 ? " is" : "s are", rotation.epoch);

    return CTL_DONE;
}


static int
rotation_begin(ctl_t *ctl, rotation_t *rotation)
{
    memset(rotation, 0, sizeof(rotation_t));

    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_kek_open(ctl) != 0)
    {
        return -1;
    }

    rotation->to = ctl_kek_newest(ctl);
    rotation->made = pupil_arena_alloc(ctl->arena, sizeof(pupil_key_t));

    if (rotation->to == NULL) {
        return -1;
    }

    if (rotation->made == NULL) {
        return ctl_error("the arena is too small");
    }

    snprintf(rotation->epoch, sizeof(rotation->epoch), "%" PRIu32,
             rotation->to->epoch);

    return hosts_know(ctl, rotation);
}


/* A host that lacks it would serve nobody: its workers say what they have. */
static int
hosts_know(ctl_t *ctl, const rotation_t *rotation)
{
    int          lack;
    PGresult    *res;
    const char  *params[1];

    params[0] = rotation->epoch;

    res = ctl_query(ctl->keys, pupil_epochs_lacking_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    lack = ctl_get_int(res, 0, 0, 0);
    PQclear(res);

    return lack == 0 ? 0
           : ctl_error("%d connection%s of nginx %s without epoch %s: copy the"
                       " key file to every host, reload nginx there, and wait"
                       " for its old workers to end", lack,
                       lack == 1 ? "" : "s", lack == 1 ? "is" : "are",
                       rotation->epoch);
}


static int
tenant_rotate(ctl_t *ctl, void *data)
{
    rotation_t *rotation = data;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0
        || tenant_wrap(ctl, rotation) != 0 || ctl_commit(ctl->keys) != 0)
    {
        ctl_rollback(ctl->keys);
        return -1;
    }

    rotation->tenants++;

    return 0;
}


static int
tenant_wrap(ctl_t *ctl, rotation_t *rotation)
{
    int          rc, row;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = rotation->epoch;

    res = ctl_query(ctl->keys, "SELECT version, epoch, wrapped FROM"
                    " keystore.tenant_key WHERE tenant = $1::uuid AND epoch <>"
                    " $2::integer ORDER BY version FOR UPDATE", 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = key_wrap(ctl, rotation, res, row);
        rotation->keys += rc == 0;
    }

    PQclear(res);

    return rc;
}


/* What takes the old one's place must open, and be the same key. */
static int
key_wrap(ctl_t *ctl, const rotation_t *rotation, const PGresult *res, int row)
{
    int                 same;
    size_t              len;
    uint8_t             old[PUPIL_WRAPPED_LEN], made[PUPIL_WRAPPED_LEN];
    pupil_wrapping_t    what;
    const pupil_kek_t  *from;

    from = kek_find(ctl, ctl_get_int(res, row, 1, 0));
    if (from == NULL) {
        return ctl_error("the key of tenant %s is wrapped by epoch %s, which"
                         " is not in %s", ctl->tenant_text,
                         PQgetvalue(res, row, 1), ctl->opt.key);
    }

    memset(&what, 0, sizeof(pupil_wrapping_t));
    what.object = PUPIL_OBJECT_TENANT_KEY;
    what.tenant = ctl->tenant;
    what.version = (uint32_t) ctl_get_int(res, row, 0, 0);
    what.parent_version = from->epoch;

    if (ctl_get_bytes(res, row, 2, old, sizeof(old), &len) != 0
        || pupil_unwrap(&from->key, &what, old, len, ctl->scratch)
           != PUPIL_OK)
    {
        return ctl_error("the key of tenant %s does not open with %s: the key"
                         " store was tampered with", ctl->tenant_text,
                         ctl->opt.key);
    }

    what.parent_version = rotation->to->epoch;

    same = pupil_wrap(&rotation->to->key, &what, ctl->scratch, made)
           == PUPIL_OK
           && pupil_unwrap(&rotation->to->key, &what, made, sizeof(made),
                           rotation->made) == PUPIL_OK
           && sodium_memcmp(rotation->made, ctl->scratch,
                            sizeof(pupil_key_t)) == 0;

    sodium_memzero(ctl->scratch, sizeof(pupil_key_t));
    sodium_memzero(rotation->made, sizeof(pupil_key_t));
    pupil_stack_wipe();

    return same ? key_store(ctl, rotation, PQgetvalue(res, row, 0), made)
                : ctl_error("a key cannot be wrapped");
}


static const pupil_kek_t *
kek_find(const ctl_t *ctl, int epoch)
{
    uint32_t  i;

    for (i = 0; i < ctl->keks_count; i++) {
        if ((int) ctl->keks[i].epoch == epoch) {
            return &ctl->keks[i];
        }
    }

    return NULL;
}


static int
key_store(ctl_t *ctl, const rotation_t *rotation, const char *version,
    const uint8_t wrapped[PUPIL_WRAPPED_LEN])
{
    char         key[CTL_BYTEA_SIZE(PUPIL_WRAPPED_LEN)];
    const char  *params[4];

    params[0] = ctl->tenant_text;
    params[1] = version;
    params[2] = rotation->epoch;
    params[3] = ctl_bytea(wrapped, PUPIL_WRAPPED_LEN, key);

    return ctl_exec(ctl->keys, "UPDATE keystore.tenant_key SET epoch ="
                    " $3::integer, wrapped = $4::bytea WHERE tenant = $1::uuid"
                    " AND version = $2::integer", 4, params);
}


int
ctl_cmd_key_retire(ctl_t *ctl)
{
    epoch_t      epoch;
    const char  *params[1];

    if (ctl_open_keys(ctl) != 0 || epoch_read(ctl, &epoch) != 0
        || epoch_check(ctl, &epoch) != 0)
    {
        return CTL_FAILED;
    }

    params[0] = ctl->args[0];

    if (ctl_exec(ctl->keys, "UPDATE keystore.kek_epoch SET retired_at = now()"
                 " WHERE epoch = $1::integer AND retired_at IS NULL", 1,
                 params) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i,s:b}", "epoch", epoch.number,
                                 "changed", !epoch.retired));
        return CTL_DONE;
    }

    printf("epoch %s %s retired.  Take its line out of the key file on every"
           " host, and reload nginx there\n", ctl->args[0],
           epoch.retired ? "was" : "is");

    return CTL_DONE;
}


static int
epoch_read(ctl_t *ctl, epoch_t *epoch)
{
    int          found;
    size_t       len;
    PGresult    *res;
    const char  *params[1];

    memset(epoch, 0, sizeof(epoch_t));

    params[0] = ctl->args[0];
    len = strlen(params[0]);

    if (len == 0 || len > EPOCH_DIGITS
        || strspn(params[0], "0123456789") != len)
    {
        return ctl_error("an epoch is a number, as pupilctl key status shows"
                         " it");
    }

    res = ctl_query(ctl->keys, "SELECT e.epoch, (e.retired_at IS NOT NULL)"
                    "::integer, (NOT EXISTS (SELECT FROM keystore.kek_epoch AS"
                    " n WHERE n.epoch > e.epoch AND n.retired_at IS NULL))"
                    "::integer, e.keys FROM keystore.kek_epoch AS e WHERE"
                    " e.epoch = $1::integer", 1, params);
    if (res == NULL) {
        return -1;
    }

    found = PQntuples(res) != 0;

    if (found) {
        epoch->number = ctl_get_int(res, 0, 0, 0);
        epoch->retired = ctl_get_int(res, 0, 1, 0);
        epoch->newest = ctl_get_int(res, 0, 2, 0);
        epoch->keys = ctl_get_int(res, 0, 3, 0);
    }

    PQclear(res);

    return found ? 0 : ctl_error("the key store knows no epoch %s",
                                 ctl->args[0]);
}


/* Of two who look at once the table's constraint refuses one. */
static int
epoch_check(const ctl_t *ctl, const epoch_t *epoch)
{
    if (epoch->retired) {
        return 0;
    }

    if (epoch->newest) {
        return ctl_error("epoch %s is the newest: make one with pupilctl key"
                         " generate first", ctl->args[0]);
    }

    if (epoch->keys != 0) {
        return ctl_error("%lld key%s of tenants %s wrapped under epoch %s: run"
                         " pupilctl key rotate first", (long long) epoch->keys,
                         epoch->keys == 1 ? "" : "s",
                         epoch->keys == 1 ? "is" : "are", ctl->args[0]);
    }

    return 0;
}
