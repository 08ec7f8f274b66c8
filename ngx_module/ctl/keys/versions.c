/*
 * Copyright (C) the Pupil authors
 *
 * A tenant's key gives way to a new version (invariant I7).  An old backup of
 * the key store has owners' keys that were destroyed since, wrapped under the
 * version of that day: so that no key opens it, that version is never wrapped
 * under the new epoch, and goes.
 *
 * Whoever makes keys meanwhile, pupilctl in another process, holds the newest
 * version while its transaction lasts; what it wraps under one that is not the
 * newest any more is found when the old ones are to go.  Each step is a
 * transaction: who is killed begins again, and finds what is left.
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/keys/versions.h"
#include "ctl/store/keys.h"


#define BATCH  "1000"           /* keys: a transaction of some 10 ms */

#define AFTER_SIZE  (PUPIL_NAME_MAX + 1)    /* of a name, or of a UUID */

/* What a tenant's key wraps. */
typedef struct {
    pupil_object_t   object;
    const char      *first;     /* before all ids */
    const char      *select;    /* id, version, tenant_version, wrapped */
    const char      *wrap;
} kind_t;

/* Those of a batch, as arrays of PostgreSQL's. */
typedef struct {
    ctl_buf_t  ids, old, made;
} batch_t;


static int version_begin(ctl_t *ctl, uint32_t epoch);
static int version_make(ctl_t *ctl, const PGresult *res, uint32_t epoch);
static int kind_wrap(ctl_t *ctl, const kind_t *kind, json_int_t *wrapped);
static int batch_read(ctl_t *ctl, const kind_t *kind, uint32_t newest,
    char after[AFTER_SIZE], batch_t *batch);
static int key_wrap(ctl_t *ctl, const kind_t *kind, const PGresult *res,
    int row, batch_t *batch);
static int batch_write(ctl_t *ctl, const kind_t *kind, uint32_t newest,
    const batch_t *batch, json_int_t *wrapped);
static int versions_drop(ctl_t *ctl, int *dropped);


static const kind_t  kinds[] = {
    {
        .object = PUPIL_OBJECT_SERVICE_KEY,
        .first = "",
        .select = "SELECT name, 1, tenant_version, wrapped"
                  " FROM keystore.service_key WHERE tenant = $1::uuid"
                  " AND tenant_version < $2::integer AND name > $3"
                  " ORDER BY name LIMIT " BATCH,
        .wrap = "SELECT keystore.wrap_services($1::integer, $2::text[],"
                " $3::bytea[], $4::bytea[])"
    }, {
        .object = PUPIL_OBJECT_OWNER_KEY,
        .first = "00000000-0000-0000-0000-000000000000",
        .select = "SELECT owner, version, tenant_version, wrapped"
                  " FROM keystore.owner_key WHERE tenant = $1::uuid"
                  " AND tenant_version < $2::integer AND owner > $3::uuid"
                  " AND wrapped IS NOT NULL ORDER BY owner LIMIT " BATCH,
        .wrap = "SELECT keystore.wrap_owners($1::integer, $2::uuid[],"
                " $3::bytea[], $4::bytea[])"
    }
};


int
ctl_versions_renew(ctl_t *ctl, uint32_t epoch, json_int_t *wrapped)
{
    int     rc, dropped;
    size_t  i;

    do {
        dropped = 0;
        rc = version_begin(ctl, epoch);

        for (i = 0; rc > 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            rc = kind_wrap(ctl, &kinds[i], wrapped) == 0 ? 1 : -1;
        }

        if (rc > 0) {
            rc = versions_drop(ctl, &dropped) == 0 ? 1 : -1;
        }

    } while (rc > 0 && !dropped);

    pupil_keyring_forget_tenant(ctl->ring, &ctl->tenant);

    return rc;
}


/*
 * 1: there are old versions, and the newest is under the epoch; 0, or -1.  Two
 * that rotate wait for each other before they look: a lock on rows would not
 * show the second what the first has added.
 */
static int
version_begin(ctl_t *ctl, uint32_t epoch)
{
    int          rc;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    res = ctl_exec(ctl->keys, "SELECT pg_advisory_xact_lock(hashtextextended("
                   "'versions ' || $1, 0))", 1, params) == 0
          ? ctl_query(ctl->keys, "SELECT version, epoch FROM"
                      " keystore.tenant_key WHERE tenant = $1::uuid ORDER BY"
                      " version DESC FOR UPDATE", 1, params)
          : NULL;
    if (res == NULL) {
        ctl_rollback(ctl->keys);
        return -1;
    }

    rc = version_make(ctl, res, epoch);
    PQclear(res);

    if (rc <= 0 || ctl_commit(ctl->keys) != 0) {
        ctl_rollback(ctl->keys);
        return rc <= 0 ? rc : -1;
    }

    return 1;
}


static int
version_make(ctl_t *ctl, const PGresult *res, uint32_t epoch)
{
    int       n, under;
    uint32_t  newest;

    n = PQntuples(res);

    if (n == 0) {
        return 0;
    }

    newest = (uint32_t) ctl_get_int(res, 0, 0, 0);
    under = ctl_get_int(res, 0, 1, 0) == (int) epoch;

    if (n == 1 && under) {
        return 0;
    }

    if (ctl_keys_load(ctl) != 0
        || (!under && ctl_tenant_key_make(ctl, newest + 1) != 0))
    {
        return -1;
    }

    return 1;
}


static int
kind_wrap(ctl_t *ctl, const kind_t *kind, json_int_t *wrapped)
{
    int       rc;
    char      after[AFTER_SIZE];
    batch_t   batch;
    uint32_t  newest;

    (void) pupil_keyring_tenant(ctl->ring, &ctl->tenant, &newest);
    memset(&batch, 0, sizeof(batch_t));
    snprintf(after, sizeof(after), "%s", kind->first);

    do {
        if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
            rc = -1;
            break;
        }

        rc = batch_read(ctl, kind, newest, after, &batch);

        if (rc > 0
            && (batch_write(ctl, kind, newest, &batch, wrapped) != 0
                || ctl_commit(ctl->keys) != 0))
        {
            rc = -1;
        }

        if (rc <= 0) {
            ctl_rollback(ctl->keys);
        }

    } while (rc > 0);

    ctl_buf_free(&batch.ids);
    ctl_buf_free(&batch.old);
    ctl_buf_free(&batch.made);

    return rc;
}


/* How many keys, the last of which is in after; -1 with the error said. */
static int
batch_read(ctl_t *ctl, const kind_t *kind, uint32_t newest,
    char after[AFTER_SIZE], batch_t *batch)
{
    int          rc, row, n;
    char         version[16];
    PGresult    *res;
    const char  *params[3];

    snprintf(version, sizeof(version), "%u", newest);

    params[0] = ctl->tenant_text;
    params[1] = version;
    params[2] = after;

    res = ctl_query(ctl->keys, kind->select, 3, params);
    if (res == NULL) {
        return -1;
    }

    ctl_array_begin(&batch->ids);
    ctl_array_begin(&batch->old);
    ctl_array_begin(&batch->made);

    n = PQntuples(res);
    rc = 0;

    for (row = 0; rc == 0 && row < n; row++) {
        rc = key_wrap(ctl, kind, res, row, batch);
    }

    ctl_array_end(&batch->ids);
    ctl_array_end(&batch->old);
    ctl_array_end(&batch->made);

    if (n != 0) {
        snprintf(after, AFTER_SIZE, "%s", PQgetvalue(res, n - 1, 0));
    }

    PQclear(res);

    return rc == 0 ? n : -1;
}


static int
key_wrap(ctl_t *ctl, const kind_t *kind, const PGresult *res, int row,
    batch_t *batch)
{
    uint8_t           old[PUPIL_WRAPPED_LEN], made[PUPIL_WRAPPED_LEN];
    pupil_str_t       id, wrapped;
    pupil_wrapping_t  what;

    id = ctl_get_str(res, row, 0);

    memset(&what, 0, sizeof(pupil_wrapping_t));
    what.object = kind->object;
    what.tenant = ctl->tenant;
    what.version = (uint32_t) ctl_get_int(res, row, 1, 0);
    what.parent_version = (uint32_t) ctl_get_int(res, row, 2, 0);

    if (kind->object == PUPIL_OBJECT_SERVICE_KEY) {
        what.name = id;

    } else if (ctl_get_uuid(res, row, 0, &what.id) != 0) {
        return ctl_error("an owner's id is none");
    }

    wrapped.data = old;

    if (ctl_get_bytes(res, row, 3, old, sizeof(old), &wrapped.len) != 0
        || pupil_keyring_wrap_anew(ctl->ring, &what, wrapped, made)
           != PUPIL_OK)
    {
        return ctl_error("a key of tenant %s does not open: the key store was"
                         " tampered with", ctl->tenant_text);
    }

    ctl_array_text(&batch->ids, id);
    ctl_array_bytes(&batch->old, old, wrapped.len);
    ctl_array_bytes(&batch->made, made, sizeof(made));

    return 0;
}


static int
batch_write(ctl_t *ctl, const kind_t *kind, uint32_t newest,
    const batch_t *batch, json_int_t *wrapped)
{
    char         version[16];
    PGresult    *res;
    const char  *params[4];

    snprintf(version, sizeof(version), "%u", newest);

    params[0] = version;
    params[1] = batch->ids.data;
    params[2] = batch->old.data;
    params[3] = batch->made.data;

    res = ctl_query_one(ctl->keys, kind->wrap, 4, params);
    if (res == NULL) {
        return -1;
    }

    *wrapped += ctl_get_int(res, 0, 0, 0);
    PQclear(res);

    return 0;
}


static int
versions_drop(ctl_t *ctl, int *dropped)
{
    PGresult  *res;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    res = ctl_query_one(ctl->keys, "SELECT keystore.drop_versions()", 0, NULL);

    if (res == NULL || ctl_commit(ctl->keys) != 0) {
        PQclear(res);
        ctl_rollback(ctl->keys);
        return -1;
    }

    *dropped = PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);

    return 0;
}
