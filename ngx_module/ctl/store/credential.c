/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/credential.h"
#include "ctl/store/facts.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"


/* What Argon2id may cost; the default is the least. */
#define MEMORY_MIN      19456           /* KiB */
#define MEMORY_MAX      1048576
#define ITERATIONS_MIN  2
#define ITERATIONS_MAX  10


static int credential_facts(ctl_t *ctl, ctl_owner_t *owner, const char *field,
    pupil_str_t sealed, pupil_str_t *facts);


int
ctl_password_cost(ctl_t *ctl, pupil_password_cost_t *cost)
{
    char           *end;
    const char     *text;
    unsigned long   memory, iterations;

    cost->memory = MEMORY_MIN;
    cost->iterations = ITERATIONS_MIN;

    text = ctl->opt.password_hash;
    if (text == NULL) {
        return 0;
    }

    if (strncmp(text, "m=", 2) != 0) {
        goto invalid;
    }

    memory = strtoul(text + 2, &end, 10);

    if (strncmp(end, ",t=", 3) != 0) {
        goto invalid;
    }

    iterations = strtoul(end + 3, &end, 10);

    if (*end != '\0' || memory < MEMORY_MIN || memory > MEMORY_MAX
        || iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX)
    {
        goto invalid;
    }

    cost->memory = (uint32_t) memory;
    cost->iterations = (uint32_t) iterations;

    return 0;

invalid:

    return ctl_error("--password-hash is m=KIB,t=PASSES, m from %d to %d, t"
                     " from %d to %d", MEMORY_MIN, MEMORY_MAX, ITERATIONS_MIN,
                     ITERATIONS_MAX);
}


int
ctl_password_store(ctl_t *ctl, ctl_owner_t *owner,
    const pupil_password_stored_t *beside, pupil_str_t password)
{
    int                      rc;
    char                     hash[PUPIL_PASSWORD_HASH_LEN];
    pupil_password_cost_t    cost;
    pupil_password_stored_t  fresh;

    if (ctl_password_cost(ctl, &cost) != 0) {
        return -1;
    }

    if (pupil_password_hash(password, &cost, hash) != PUPIL_OK) {
        return ctl_error("the password cannot be hashed: out of memory");
    }

    fresh = *beside;
    fresh.hash = ctl_str(hash);

    rc = ctl_password_write(ctl, owner, &fresh);
    sodium_memzero(hash, sizeof(hash));

    return rc;
}


int
ctl_password_write(ctl_t *ctl, ctl_owner_t *owner,
    const pupil_password_stored_t *password)
{
    int          rc;
    char         stored[PUPIL_PASSWORD_STORED_LEN];
    pupil_str_t  value;

    value.data = (uint8_t *) stored;
    value.len = pupil_password_write(password, stored);

    rc = ctl_credential_put(ctl, owner, "password_hash", value);
    sodium_memzero(stored, sizeof(stored));

    return rc;
}


void
ctl_credential_place(const ctl_owner_t *owner, const char *field,
    ctl_place_t *place)
{
    place->owner = owner;
    place->category = "credential";
    place->field = field;
    place->record = &owner->id;
}


int
ctl_credential_put(ctl_t *ctl, ctl_owner_t *owner, const char *field,
    pupil_str_t value)
{
    ctl_place_t  place;
    pupil_str_t  sealed;

    ctl_credential_place(owner, field, &place);

    return ctl_seal(ctl, &ctl->pool, &place, value, &sealed) == 0
           ? ctl_credential_write(ctl, owner, field, sealed) : -1;
}


int
ctl_credential_write(ctl_t *ctl, ctl_owner_t *owner, const char *field,
    pupil_str_t sealed)
{
    int          n;
    char        *text;
    char         version[16], id[PUPIL_UUID_TEXT_LEN + 1];
    ctl_buf_t    sql;
    const char  *params[5];
    pupil_str_t  facts;

    if (credential_facts(ctl, owner, field, sealed, &facts) != 0) {
        return -1;
    }

    text = ctl_pool_alloc(&ctl->pool, CTL_BYTEA_SIZE(sealed.len));
    snprintf(version, sizeof(version), "%u", owner->version);

    n = 0;
    params[n++] = ctl->tenant_text;
    params[n++] = ctl_uuid_text(&owner->id, id);
    params[n++] = version;
    params[n++] = sealed.data != NULL
                  ? ctl_bytea(sealed.data, sealed.len, text) : NULL;

    if (facts.data != NULL) {
        text = ctl_pool_alloc(&ctl->pool, CTL_BYTEA_SIZE(facts.len));
        params[n++] = ctl_bytea(facts.data, facts.len, text);
    }

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "INSERT INTO data.credential (tenant, owner, record,"
                   " key_version, source, %s%s) VALUES ($1::uuid,"
                   " $2::uuid, $2::uuid, $3::integer, 'operator',"
                   " $4::bytea%s) ON CONFLICT (tenant, owner, record) DO"
                   " UPDATE SET %s = EXCLUDED.%s, key_version ="
                   " EXCLUDED.key_version, updated_at = now()%s", field,
                   facts.data != NULL ? ", facts" : "",
                   facts.data != NULL ? ", $5::bytea" : "", field, field,
                   facts.data != NULL ? ", facts = EXCLUDED.facts" : "");

    n = ctl_exec(ctl->data, sql.data, n, params);
    ctl_buf_free(&sql);

    return n;
}


/* data NULL: the plugin binds nothing. */
static int
credential_facts(ctl_t *ctl, ctl_owner_t *owner, const char *field,
    pupil_str_t sealed, pupil_str_t *facts)
{
    ctl_owner_t        *owners[1];
    pupil_category_t   *category;
    pupil_bound_row_t  *bound;

    memset(facts, 0, sizeof(pupil_str_t));

    category = ctl_plugin_find(ctl, "credential");

    if (category == NULL || !category->bound) {
        return 0;
    }

    owners[0] = owner;
    bound = ctl_pool_alloc(&ctl->pool, sizeof(pupil_bound_row_t));

    if (ctl_bound_stored(ctl, &ctl->pool, category, owners, 1, bound) != 0) {
        return -1;
    }

    ctl_bound_set(category, field, sealed, bound);

    return ctl_facts_make(ctl, &ctl->pool, category, owner, &owner->id, bound,
                          facts);
}


int
ctl_credential_end(ctl_t *ctl, const pupil_uuid_t *subject,
    const pupil_floors_t *to)
{
    return ctl_sessions_end(ctl, subject) == 0
           && ctl_revoke_open(ctl, subject, to) == 0
           && ctl_commit(ctl->data) == 0
           ? ctl_revoke_finish(ctl, subject) : -1;
}
