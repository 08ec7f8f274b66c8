/*
 * Copyright (C) the Pupil authors
 *
 * Keys: the operator's command is the only one that makes them.  In clear
 * they lie in the arena alone.
 */

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/base/ctl.h"


#define RING_OWNERS    2048
#define ARENA_SPARE    (64 * 1024)


/* Service keys that every tenant has; those of blind indexes come on top. */
static const char *const  service_names[] = {
    "mac", "token", "fingerprint", "index:contact.email",
    "index:credential.login_id", "index:source.user", "index:source.class",
    "index:source.institution", NULL
};


static int
arena_open(ctl_t *ctl)
{
    pupil_error_t  error;

    if (ctl->arena != NULL) {
        return 0;
    }

    ctl->arena = pupil_arena_create(pupil_keyring_size(RING_OWNERS)
                                    + ARENA_SPARE, &error);
    if (ctl->arena == NULL) {
        return ctl_error("%s", error.text);
    }

    ctl->ring = pupil_keyring_create(ctl->arena, RING_OWNERS,
                                     3600 * PUPIL_TIME_SECOND);
    ctl->keks = pupil_arena_alloc(ctl->arena, PUPIL_KEYRING_EPOCHS
                                              * sizeof(pupil_kek_t));
    ctl->scratch = pupil_arena_alloc(ctl->arena, sizeof(pupil_key_t));
    if (ctl->ring == NULL || ctl->keks == NULL || ctl->scratch == NULL) {
        return ctl_error("the arena is too small");
    }

    return 0;
}


int
ctl_keys_open(ctl_t *ctl)
{
    uint32_t       i;
    pupil_error_t  error;

    if (ctl->opt.key == NULL) {
        return ctl_error("--key is needed: the file of the key-encryption"
                         " key");
    }

    if (arena_open(ctl) != 0) {
        return -1;
    }

    if (pupil_kek_read(ctl->opt.key, ctl->keks, &ctl->keks_count, &error)
        != PUPIL_OK)
    {
        return ctl_error("%s", error.text);
    }

    for (i = 0; i < ctl->keks_count; i++) {
        pupil_keyring_add_kek(ctl->ring, &ctl->keks[i]);
    }

    return 0;
}


/* Written anew beside itself and renamed, so that no half file is seen. */
static int
key_file_write(ctl_t *ctl, const char *line, size_t len, int fresh)
{
    int        fd, rc = -1;
    char      *old = NULL;
    size_t     old_len = 0;
    ctl_buf_t  path = { NULL, 0, 0 };

    if (!fresh) {
        old = ctl_file_read(&ctl->pool, ctl->opt.key, &old_len);
        if (old == NULL) {
            return -1;
        }
    }

    ctl_buf_printf(&path, "%s.new", ctl->opt.key);
    fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        ctl_error("%s: %s", path.data, strerror(errno));
        goto done;
    }

    if (write(fd, old, old_len) == (ssize_t) old_len
        && write(fd, line, len) == (ssize_t) len && fsync(fd) == 0)
    {
        rc = fresh ? link(path.data, ctl->opt.key)
                   : rename(path.data, ctl->opt.key);
    }

    if (rc != 0) {
        ctl_error("%s: %s", ctl->opt.key, strerror(errno));
    }
    if (rc != 0 || fresh) {
        unlink(path.data);
    }
    close(fd);

done:

    if (old != NULL) {
        sodium_memzero(old, old_len);
    }
    ctl_buf_free(&path);

    return rc;
}


int
ctl_keys_append(ctl_t *ctl)
{
    int           rc, fresh;
    char         *line;
    size_t        len;
    uint32_t      epoch;
    pupil_kek_t  *kek;
    struct stat   st;

    if (arena_open(ctl) != 0) {
        return -1;
    }

    fresh = stat(ctl->opt.key, &st) != 0 && errno == ENOENT;
    if (!fresh && ctl_keys_open(ctl) != 0) {
        return -1;
    }

    if (ctl->keks_count == PUPIL_KEYRING_EPOCHS) {
        return ctl_error("%s holds %d epochs already: retire the oldest",
                         ctl->opt.key, PUPIL_KEYRING_EPOCHS);
    }

    epoch = fresh ? 1 : ctl->keks[ctl->keks_count - 1].epoch + 1;
    line = pupil_arena_alloc(ctl->arena, PUPIL_KEK_LINE_MAX);
    if (line == NULL) {
        return ctl_error("the arena is too small");
    }

    kek = &ctl->keks[ctl->keks_count++];
    kek->epoch = epoch;
    pupil_key_random(&kek->key);
    len = pupil_kek_format(kek, line);
    rc = key_file_write(ctl, line, len, fresh);
    sodium_memzero(line, PUPIL_KEK_LINE_MAX);
    pupil_stack_wipe();

    if (rc == 0) {
        pupil_keyring_add_kek(ctl->ring, kek);
    }

    return rc;
}


/* Every epoch that both know must be the same key. */
static int
epochs_compare(ctl_t *ctl, const PGresult *res, int *missing)
{
    int       row, epoch;
    size_t    len;
    uint8_t   stored[32], made[32];
    uint32_t  i;

    for (i = 0; i < ctl->keks_count; i++) {
        missing[i] = 1;
        pupil_kek_fingerprint(&ctl->keks[i].key, made);
        for (row = 0; row < PQntuples(res); row++) {
            epoch = ctl_get_int(res, row, 0, 0);
            if (epoch != (int) ctl->keks[i].epoch) {
                continue;
            }
            missing[i] = 0;
            if (ctl_get_bytes(res, row, 1, stored, sizeof(stored), &len) != 0
                || len != 32 || memcmp(stored, made, 32) != 0)
            {
                return ctl_error("%s: epoch %d is not the key that the key"
                                 " store knows by this number: this is the"
                                 " wrong file", ctl->opt.key, epoch);
            }
        }
    }

    return 0;
}


int
ctl_keys_register(ctl_t *ctl)
{
    int            rc = 0, missing[PUPIL_KEYRING_EPOCHS] = { 0 };
    char           epoch[16];
    uint8_t        made[32];
    uint32_t       i;
    PGresult      *res;
    ctl_buf_t      print = { NULL, 0, 0 };
    const char    *params[2];

    res = ctl_query(ctl->keys, "SELECT epoch, fingerprint FROM"
                    " keystore.kek_epoch ORDER BY epoch", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    rc = epochs_compare(ctl, res, missing);
    if (rc == 0 && PQntuples(res) != 0 && ctl->keks_count != 0
        && missing[0] && ctl->keks[0].epoch == 1)
    {
        rc = ctl_error("%s shares no epoch with the key store: this is the"
                       " wrong file", ctl->opt.key);
    }
    PQclear(res);

    for (i = 0; rc == 0 && i < ctl->keks_count; i++) {
        if (!missing[i]) {
            continue;
        }
        pupil_kek_fingerprint(&ctl->keks[i].key, made);
        ctl_array_begin(&print);
        ctl_array_bytes(&print, made, 32);
        ctl_array_end(&print);
        snprintf(epoch, sizeof(epoch), "%u", ctl->keks[i].epoch);
        params[0] = epoch;
        params[1] = print.data;
        rc = ctl_exec(ctl->keys, "INSERT INTO keystore.kek_epoch (epoch,"
                      " fingerprint) VALUES ($1::integer, ($2::bytea[])[1])",
                      2, params);
    }
    ctl_buf_free(&print);

    return rc;
}


static int
tenant_keys_load(ctl_t *ctl)
{
    int            row;
    size_t         len;
    uint8_t        wrapped[PUPIL_WRAPPED_LEN];
    PGresult      *res;
    pupil_rc_t     rc = PUPIL_OK;
    pupil_str_t    s = { wrapped, 0 };

    res = ctl_query(ctl->keys, "SELECT version, epoch, wrapped FROM"
                    " keystore.tenant_key ORDER BY version", 0, NULL);
    for (row = 0; res != NULL && row < PQntuples(res) && rc == PUPIL_OK;
         row++)
    {
        ctl_get_bytes(res, row, 2, wrapped, sizeof(wrapped), &len);
        s.len = len;
        rc = pupil_keyring_put_tenant(ctl->ring, &ctl->tenant,
                                      (uint32_t) ctl_get_int(res, row, 0, 0),
                                      (uint32_t) ctl_get_int(res, row, 1, 0),
                                      s);
    }
    PQclear(res);

    if (rc != PUPIL_OK) {
        return ctl_error(rc == PUPIL_NO_KEY
                         ? "the key of the tenant is wrapped by an epoch that"
                           " is not in %s"
                         : "the key of the tenant does not open with %s: it"
                           " is the wrong file, or the key store was"
                           " tampered with", ctl->opt.key);
    }

    res = res == NULL ? NULL
          : ctl_query(ctl->keys, "SELECT name, tenant_version, wrapped FROM"
                      " keystore.service_key", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res) && rc == PUPIL_OK; row++) {
        ctl_get_bytes(res, row, 2, wrapped, sizeof(wrapped), &len);
        s.len = len;
        rc = pupil_keyring_put_service(ctl->ring, &ctl->tenant,
                                       ctl_get_str(res, row, 0),
                                       (uint32_t) ctl_get_int(res, row, 1, 0),
                                       s);
    }
    PQclear(res);

    return rc == PUPIL_OK ? 0
           : ctl_error("a service key of the tenant does not open: the key"
                       " store was tampered with");
}


int
ctl_keys_tenant(ctl_t *ctl)
{
    int       rc;
    uint32_t  version;

    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_keys_open(ctl) != 0 || ctl_begin(ctl->keys, &ctl->tenant) != 0)
    {
        return -1;
    }

    rc = tenant_keys_load(ctl);
    ctl_rollback(ctl->keys);

    if (rc == 0
        && pupil_keyring_tenant(ctl->ring, &ctl->tenant, &version) == NULL)
    {
        rc = ctl_error("the tenant %s has no key in the key store: run"
                       " pupilctl tenant add NAME --tenant UUID",
                       ctl->tenant_text);
    }

    return rc;
}


/* Makes and wraps one key; wrapped as an array literal of one. */
static int
key_make(ctl_t *ctl, const pupil_key_t *parent, pupil_wrapping_t *what,
    uint8_t wrapped[PUPIL_WRAPPED_LEN])
{
    pupil_rc_t    rc;
    pupil_key_t  *key = ctl->scratch;

    what->tenant = ctl->tenant;
    pupil_key_random(key);
    rc = pupil_wrap(parent, what, key, wrapped);
    sodium_memzero(key, sizeof(pupil_key_t));
    pupil_stack_wipe();

    return rc == PUPIL_OK ? 0 : ctl_error("a key cannot be wrapped");
}


static int
key_insert(ctl_t *ctl, const char *sql, const char *a, uint32_t b,
    const uint8_t wrapped[PUPIL_WRAPPED_LEN])
{
    int          rc;
    char         number[16];
    ctl_buf_t    buf = { NULL, 0, 0 };
    const char  *params[4];

    snprintf(number, sizeof(number), "%u", b);
    ctl_array_begin(&buf);
    ctl_array_bytes(&buf, wrapped, PUPIL_WRAPPED_LEN);
    ctl_array_end(&buf);
    params[0] = ctl->tenant_text;
    params[1] = a;
    params[2] = number;
    params[3] = buf.data;
    rc = ctl_exec(ctl->keys, sql, 4, params);
    ctl_buf_free(&buf);

    return rc;
}


static int
tenant_key_make(ctl_t *ctl)
{
    uint8_t              wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t          s = { wrapped, sizeof(wrapped) };
    pupil_wrapping_t     what;
    const pupil_kek_t   *kek = &ctl->keks[ctl->keks_count - 1];

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_TENANT_KEY;
    what.version = 1;
    what.parent_version = kek->epoch;
    if (key_make(ctl, &kek->key, &what, wrapped) != 0
        || key_insert(ctl, "INSERT INTO keystore.tenant_key (tenant, version,"
                      " epoch, wrapped) VALUES ($1::uuid, $2::integer,"
                      " $3::integer, ($4::bytea[])[1])", "1", kek->epoch,
                      wrapped) != 0)
    {
        return -1;
    }

    return pupil_keyring_put_tenant(ctl->ring, &ctl->tenant, 1, kek->epoch, s)
           == PUPIL_OK ? 0 : ctl_error("the keyring is full");
}


static int
service_key_make(ctl_t *ctl, const char *name)
{
    uint8_t             wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t         s = { wrapped, sizeof(wrapped) };
    uint32_t            version;
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

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_SERVICE_KEY;
    what.name = ctl_str(name);
    what.version = 1;
    what.parent_version = version;
    if (key_make(ctl, parent, &what, wrapped) != 0
        || key_insert(ctl, "INSERT INTO keystore.service_key (tenant, name,"
                      " tenant_version, wrapped) VALUES ($1::uuid, $2,"
                      " $3::integer, ($4::bytea[])[1])", name, version,
                      wrapped) != 0)
    {
        return -1;
    }

    return pupil_keyring_put_service(ctl->ring, &ctl->tenant, ctl_str(name),
                                     version, s)
           == PUPIL_OK ? 0 : ctl_error("the keyring is full");
}


static int
index_keys_make(ctl_t *ctl)
{
    char                   name[2 * PUPIL_MAX_NAME + 16];
    uint32_t               i, f;
    const pupil_plugin_t  *plugin;

    for (i = 0; i < ctl->policy.count; i++) {
        plugin = ctl->policy.categories[i]->plugin;
        for (f = 0; f < plugin->fields_count; f++) {
            if (!(plugin->fields[f].flags & PUPIL_FIELD_INDEXED)) {
                continue;
            }
            snprintf(name, sizeof(name), "index:%s.%s", plugin->name,
                     plugin->fields[f].name);
            if (service_key_make(ctl, name) != 0) {
                return -1;
            }
        }
    }

    return 0;
}


/* In a transaction of the key store, which the caller began. */
int
ctl_keys_ensure(ctl_t *ctl)
{
    uint32_t            version;
    const char *const  *name;

    if (tenant_keys_load(ctl) != 0) {
        return -1;
    }

    if (pupil_keyring_tenant(ctl->ring, &ctl->tenant, &version) == NULL
        && tenant_key_make(ctl) != 0)
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
    char  name[2 * PUPIL_MAX_NAME + 16];

    snprintf(name, sizeof(name), "index:%s.%s", category, field);

    return ctl_key(ctl, name);
}
