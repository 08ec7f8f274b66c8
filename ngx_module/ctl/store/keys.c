/*
 * Copyright (C) the Pupil authors
 *
 * The keys of a tenant: the operator's command is the only one that makes
 * them.  In clear they lie in the arena alone (invariant I14).
 */

#include <sodium.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/kek.h"
#include "ctl/store/keys.h"
#include "ctl/store/marks.h"
#include "ctl/store/zone.h"


/* Of a service key: "index:<category>.<field>". */
#define NAME_SIZE  (2 * PUPIL_MAX_NAME + 16)


static int keys_none(ctl_t *ctl);
static pupil_rc_t tenant_put(ctl_t *ctl, const PGresult *res, int row);
static pupil_rc_t service_put(ctl_t *ctl, const PGresult *res, int row);
static int service_key_make(ctl_t *ctl, const char *name);
static int index_keys_make(ctl_t *ctl);
static int index_keys_tenant(ctl_t *ctl);
static int index_keys_missing(ctl_t *ctl, char name[NAME_SIZE]);
static int service_known(const PGresult *res, const char *name);
static int key_make(ctl_t *ctl, const pupil_key_t *parent,
    pupil_wrapping_t *what, uint8_t wrapped[PUPIL_WRAPPED_LEN]);
static int key_insert(ctl_t *ctl, const char *sql, const char *which,
    uint32_t parent, const uint8_t wrapped[PUPIL_WRAPPED_LEN]);
static void index_name(const char *category, const char *field,
    char name[NAME_SIZE]);


/* Service keys that every tenant has; those of blind indexes come on top. */
static const char *const  service_names[] = {
    "mac", "token", "fingerprint", "seal", "index:contact.email",
    "index:credential.login_id", "index:source.user", "index:source.class",
    "index:source.institution", NULL
};

/* One that was moved has ended here, too. */
static const char  ended_sql[] =
    "SELECT to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " FROM (SELECT g.at FROM keystore.gone AS g WHERE g.tenant = $1::uuid AND"
    " NOT EXISTS (SELECT FROM keystore.tenant_key AS k WHERE k.tenant ="
    " g.tenant) UNION ALL SELECT m.at FROM keystore.moved AS m WHERE m.tenant ="
    " $1::uuid) AS e ORDER BY e.at LIMIT 1";

/* That it is elsewhere holds without the entry that says where, too. */
static const char  moved_sql[] =
    "SELECT coalesce(l.place, 'another installation') FROM keystore.moved AS m"
    " LEFT JOIN keystore.ledger AS l ON l.tenant = m.tenant AND l.kind ="
    " 'moved' WHERE m.tenant = $1::uuid LIMIT 1";


int
ctl_keys_tenant(ctl_t *ctl)
{
    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0) {
        return -1;
    }

    return ctl_keys_open(ctl);
}


int
ctl_keys_open(ctl_t *ctl)
{
    if (ctl_keys_served(ctl) != 0 || ctl_keys_take(ctl) != 0) {
        return -1;
    }

    return ctl_zone_load(ctl);
}


/* What the data database says of either is of before, where it was restored. */
int
ctl_keys_served(ctl_t *ctl)
{
    int             rc;
    const char     *place;
    pupil_error_t   error;

    if (ctl_keys_moved(ctl, &place) != 0) {
        return -1;
    }

    if (place != NULL) {
        return ctl_error("the tenant %s was moved to %s: nobody of it is read"
                         " or changed here", ctl->tenant_text, place);
    }

    rc = ctl_marks_behind(ctl, &error);

    return rc <= 0 ? rc : ctl_error("restore-pending: %s", error.text);
}


int
ctl_keys_take(ctl_t *ctl)
{
    int       rc;
    uint32_t  version;

    if (ctl_kek_open(ctl) != 0 || ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    rc = ctl_keys_load(ctl);
    ctl_rollback(ctl->keys);

    if (rc != 0) {
        return -1;
    }

    if (pupil_keyring_tenant(ctl->ring, &ctl->tenant, &version) == NULL) {
        return keys_none(ctl);
    }

    return 0;
}


static int
keys_none(ctl_t *ctl)
{
    const char  *when;

    if (ctl_keys_ended(ctl, &when) != 0) {
        return -1;
    }

    return when != NULL
           ? ctl_error("the tenant %s ended at %s, and its keys with it",
                       ctl->tenant_text, when)
           : ctl_error("the tenant %s has no key in the key store: run"
                       " pupilctl tenant add NAME --tenant UUID",
                       ctl->tenant_text);
}


int
ctl_keys_ended(ctl_t *ctl, const char **when)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    return ctl_query_text(ctl, ctl->keys, ended_sql, 1, params, when);
}


int
ctl_keys_moved(ctl_t *ctl, const char **place)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    return ctl_query_text(ctl, ctl->keys, moved_sql, 1, params, place);
}


int
ctl_keys_load(ctl_t *ctl)
{
    int          row;
    PGresult    *res;
    pupil_rc_t   rc;

    res = ctl_query(ctl->keys, "SELECT version, epoch, wrapped FROM"
                    " keystore.tenant_key ORDER BY version FOR KEY SHARE", 0,
                    NULL);
    if (res == NULL) {
        return -1;
    }

    rc = PUPIL_OK;

    for (row = 0; row < PQntuples(res) && rc == PUPIL_OK; row++) {
        rc = tenant_put(ctl, res, row);
    }

    PQclear(res);

    if (rc == PUPIL_NO_KEY) {
        return ctl_error("the key of the tenant is wrapped by an epoch that is"
                         " not in %s: put a copy of the newest file there",
                         ctl->opt.key);
    }

    if (rc == PUPIL_NO_MEMORY) {
        return ctl_error("there is no room for the keys of another tenant");
    }

    if (rc != PUPIL_OK) {
        return ctl_error("the key of the tenant does not open with %s: it is"
                         " the wrong file, or the key store was tampered with",
                         ctl->opt.key);
    }

    res = ctl_query(ctl->keys, "SELECT name, tenant_version, wrapped FROM"
                    " keystore.service_key", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res) && rc == PUPIL_OK; row++) {
        rc = service_put(ctl, res, row);
    }

    PQclear(res);

    if (rc != PUPIL_OK) {
        return ctl_error("a service key of the tenant does not open: the key"
                         " store was tampered with");
    }

    return 0;
}


/* Bytes that are none give an empty key, which does not open. */
static pupil_rc_t
tenant_put(ctl_t *ctl, const PGresult *res, int row)
{
    uint8_t      wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t  s;

    s.data = wrapped;
    ctl_get_bytes(res, row, 2, wrapped, sizeof(wrapped), &s.len);

    return pupil_keyring_put_tenant(ctl->ring, &ctl->tenant,
                                    (uint32_t) ctl_get_int(res, row, 0, 0),
                                    (uint32_t) ctl_get_int(res, row, 1, 0),
                                    s);
}


static pupil_rc_t
service_put(ctl_t *ctl, const PGresult *res, int row)
{
    uint8_t      wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t  s;

    s.data = wrapped;
    ctl_get_bytes(res, row, 2, wrapped, sizeof(wrapped), &s.len);

    return pupil_keyring_put_service(ctl->ring, &ctl->tenant,
                                     ctl_get_str(res, row, 0),
                                     (uint32_t) ctl_get_int(res, row, 1, 0),
                                     s);
}


int
ctl_keys_ensure(ctl_t *ctl)
{
    uint32_t            version;
    const char *const  *name;

    if (ctl_keys_load(ctl) != 0) {
        return -1;
    }

    if (pupil_keyring_tenant(ctl->ring, &ctl->tenant, &version) == NULL
        && ctl_tenant_key_make(ctl, 1) != 0)
    {
        return -1;
    }

    for (name = service_names; *name != NULL; name++) {
        if (service_key_make(ctl, *name) != 0) {
            return -1;
        }
    }

    return index_keys_make(ctl);
}


int
ctl_tenant_key_make(ctl_t *ctl, uint32_t version)
{
    char                number[16];
    uint8_t             wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t         s;
    pupil_wrapping_t    what;
    const pupil_kek_t  *kek;

    kek = ctl_kek_newest(ctl);
    if (kek == NULL) {
        return -1;
    }

    memset(&what, 0, sizeof(pupil_wrapping_t));
    what.object = PUPIL_OBJECT_TENANT_KEY;
    what.version = version;
    what.parent_version = kek->epoch;

    snprintf(number, sizeof(number), "%u", version);

    if (key_make(ctl, &kek->key, &what, wrapped) != 0
        || key_insert(ctl, "INSERT INTO keystore.tenant_key (tenant, version,"
                      " epoch, wrapped) VALUES ($1::uuid, $2::integer,"
                      " $3::integer, $4::bytea)", number, kek->epoch,
                      wrapped)
           != 0)
    {
        return -1;
    }

    s.data = wrapped;
    s.len = sizeof(wrapped);

    if (pupil_keyring_put_tenant(ctl->ring, &ctl->tenant, version, kek->epoch,
                                 s)
        != PUPIL_OK)
    {
        return ctl_error("the keyring is full");
    }

    return 0;
}


static int
index_keys_make(ctl_t *ctl)
{
    char                   name[NAME_SIZE];
    uint32_t               i, f;
    const pupil_field_t   *field;
    const pupil_plugin_t  *plugin;

    for (i = 0; i < ctl->policy.count; i++) {
        plugin = ctl->policy.categories[i]->plugin;

        for (f = 0; f < plugin->fields_count; f++) {
            field = &plugin->fields[f];

            if (!(field->flags & PUPIL_FIELD_INDEXED)) {
                continue;
            }

            index_name(plugin->name, field->name, name);

            if (service_key_make(ctl, name) != 0) {
                return -1;
            }
        }
    }

    return 0;
}


int
ctl_keys_index(ctl_t *ctl)
{
    int          rc, row;
    PGresult    *res;
    const char  *ended;

    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0) {
        return -1;
    }

    res = ctl_query(ctl->data, "SELECT tenant FROM pupil.tenant ORDER BY"
                    " tenant", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    for (row = 0, rc = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = ctl_get_uuid(res, row, 0, &ctl->tenant);

        if (rc == 0) {
            ctl_uuid_text(&ctl->tenant, ctl->tenant_text);
            rc = ctl_keys_ended(ctl, &ended);
        }

        /* one whose end is not done has its row, and never a key again */
        if (rc == 0 && ended == NULL) {
            rc = index_keys_tenant(ctl);
        }
    }

    PQclear(res);

    return rc;
}


static int
index_keys_tenant(ctl_t *ctl)
{
    int       missing;
    char      name[NAME_SIZE];
    uint32_t  version;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    missing = index_keys_missing(ctl, name);

    if (missing <= 0) {
        ctl_rollback(ctl->keys);
        return missing;
    }

    if (ctl->opt.key == NULL) {
        ctl_rollback(ctl->keys);
        return ctl_error("tenant %s has no key \"%s\": run pupilctl migrate"
                         " with --key", ctl->tenant_text, name);
    }

    if ((ctl->keks_count == 0 && ctl_kek_open(ctl) != 0)
        || ctl_keys_load(ctl) != 0)
    {
        ctl_rollback(ctl->keys);
        return -1;
    }

    if (pupil_keyring_tenant(ctl->ring, &ctl->tenant, &version) == NULL) {
        ctl_rollback(ctl->keys);
        return ctl_error("the tenant %s has no key in the key store",
                         ctl->tenant_text);
    }

    if (index_keys_make(ctl) != 0 || ctl_commit(ctl->keys) != 0) {
        ctl_rollback(ctl->keys);
        return -1;
    }

    ctl_note("key store: the keys of indexes of tenant %s",
             ctl->tenant_text);

    pupil_keyring_forget_tenant(ctl->ring, &ctl->tenant);

    return 0;
}


/* 1 with the name of one that the key store lacks, 0, or -1. */
static int
index_keys_missing(ctl_t *ctl, char name[NAME_SIZE])
{
    int                    missing;
    PGresult              *res;
    uint32_t               i, f;
    const pupil_plugin_t  *plugin;

    res = ctl_query(ctl->keys, "SELECT name FROM keystore.service_key", 0,
                    NULL);
    if (res == NULL) {
        return -1;
    }

    missing = 0;

    for (i = 0; i < ctl->policy.count && !missing; i++) {
        plugin = ctl->policy.categories[i]->plugin;

        for (f = 0; f < plugin->fields_count && !missing; f++) {
            if (plugin->fields[f].flags & PUPIL_FIELD_INDEXED) {
                index_name(plugin->name, plugin->fields[f].name, name);
                missing = !service_known(res, name);
            }
        }
    }

    PQclear(res);

    return missing;
}


static int
service_known(const PGresult *res, const char *name)
{
    int  row;

    for (row = 0; row < PQntuples(res); row++) {
        if (strcmp(PQgetvalue(res, row, 0), name) == 0) {
            return 1;
        }
    }

    return 0;
}


/* Nothing is to be done when the tenant has it. */
static int
service_key_make(ctl_t *ctl, const char *name)
{
    uint8_t             wrapped[PUPIL_WRAPPED_LEN];
    uint32_t            version;
    pupil_str_t         s;
    pupil_wrapping_t    what;
    const pupil_key_t  *parent;

    if (pupil_keyring_service(ctl->ring, &ctl->tenant, ctl_str(name))
        != NULL)
    {
        return 0;
    }

    parent = pupil_keyring_tenant(ctl->ring, &ctl->tenant, &version);
    if (parent == NULL) {
        return ctl_error("the tenant has no key");
    }

    memset(&what, 0, sizeof(pupil_wrapping_t));
    what.object = PUPIL_OBJECT_SERVICE_KEY;
    what.name = ctl_str(name);
    what.version = 1;
    what.parent_version = version;

    if (key_make(ctl, parent, &what, wrapped) != 0
        || key_insert(ctl, "INSERT INTO keystore.service_key (tenant, name,"
                      " tenant_version, wrapped) VALUES ($1::uuid, $2,"
                      " $3::integer, $4::bytea)", name, version, wrapped)
           != 0)
    {
        return -1;
    }

    s.data = wrapped;
    s.len = sizeof(wrapped);

    if (pupil_keyring_put_service(ctl->ring, &ctl->tenant, ctl_str(name),
                                  version, s) != PUPIL_OK)
    {
        return ctl_error("the keyring is full");
    }

    return 0;
}


int
ctl_key_ensure(ctl_t *ctl, const char *name)
{
    if (pupil_keyring_service(ctl->ring, &ctl->tenant, ctl_str(name))
        != NULL)
    {
        return 0;
    }

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    if (service_key_make(ctl, name) != 0 || ctl_commit(ctl->keys) != 0) {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return 0;
}


/* Makes a key of the tenant and wraps it. */
static int
key_make(ctl_t *ctl, const pupil_key_t *parent, pupil_wrapping_t *what,
    uint8_t wrapped[PUPIL_WRAPPED_LEN])
{
    pupil_rc_t  rc;

    what->tenant = ctl->tenant;

    pupil_key_random(ctl->scratch);
    rc = pupil_wrap(parent, what, ctl->scratch, wrapped);

    sodium_memzero(ctl->scratch, sizeof(pupil_key_t));
    pupil_stack_wipe();

    return rc == PUPIL_OK ? 0 : ctl_error("a key cannot be wrapped");
}


/* sql: of the tenant, which of its keys, the parent's number, the key. */
static int
key_insert(ctl_t *ctl, const char *sql, const char *which, uint32_t parent,
    const uint8_t wrapped[PUPIL_WRAPPED_LEN])
{
    char         number[16], key[CTL_BYTEA_SIZE(PUPIL_WRAPPED_LEN)];
    const char  *params[4];

    snprintf(number, sizeof(number), "%u", parent);

    params[0] = ctl->tenant_text;
    params[1] = which;
    params[2] = number;
    params[3] = ctl_bytea(wrapped, PUPIL_WRAPPED_LEN, key);

    return ctl_exec(ctl->keys, sql, 4, params);
}


const pupil_key_t *
ctl_key(ctl_t *ctl, const char *name)
{
    const pupil_key_t  *key;

    key = pupil_keyring_service(ctl->ring, &ctl->tenant, ctl_str(name));
    if (key == NULL) {
        ctl_error("the tenant has no service key \"%s\": run pupilctl tenant"
                  " add NAME --tenant %s", name, ctl->tenant_text);
    }

    return key;
}


const pupil_key_t *
ctl_key_index(ctl_t *ctl, const char *category, const char *field)
{
    char  name[NAME_SIZE];

    index_name(category, field, name);

    return ctl_key(ctl, name);
}


static void
index_name(const char *category, const char *field, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "index:%s.%s", category, field);
}
