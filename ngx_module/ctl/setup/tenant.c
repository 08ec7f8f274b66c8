/*
 * Copyright (C) the Pupil authors
 *
 * Controllers: their keys, and the decoy that unknown log-ins meet, so that
 * every failing log-in does the same work (invariant I13).
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/ctl.h"


static const ctl_access_t  decoy_access = {
    "credential", "password_hash", PUPIL_PURPOSE_ADMINISTRATION,
    PUPIL_OPERATION_WRITE, "subjects"
};


/* The subject's rows; in the caller's transaction. */
static int
decoy_rows(ctl_t *ctl, const ctl_owner_t *decoy)
{
    int                   rc;
    char                  id[PUPIL_UUID_TEXT_LEN + 1];
    uint8_t               mac[PUPIL_MAC_LEN], secret[32];
    ctl_buf_t             buf = { NULL, 0, 0 };
    const char           *params[3];
    pupil_str_t           password = { secret, sizeof(secret) };
    const pupil_key_t    *key;
    pupil_subject_row_t   row;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    /* locked: even the right password would not let it in */
    row.tenant = ctl->tenant;
    row.subject = decoy->id;
    row.status = ctl_str("locked");
    row.source = ctl_str("decoy");
    pupil_mac_subject(key, &row, mac);

    ctl_array_begin(&buf);
    ctl_array_bytes(&buf, mac, sizeof(mac));
    ctl_array_end(&buf);
    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&decoy->id, id);
    params[2] = buf.data;

    rc = ctl_exec(ctl->data, "INSERT INTO pupil.owner (tenant, owner, kind)"
                  " VALUES ($1::uuid, $2::uuid, 'subject')", 2, params);
    if (rc == 0) {
        rc = ctl_exec(ctl->data, "INSERT INTO pupil.subject (tenant, subject,"
                      " status, source, mac) VALUES ($1::uuid, $2::uuid,"
                      " 'locked', 'decoy', ($3::bytea[])[1])", 3, params);
    }
    ctl_buf_free(&buf);

    if (rc == 0) {
        randombytes_buf(secret, sizeof(secret));
        rc = ctl_password_store(ctl, decoy, password);
        sodium_memzero(secret, sizeof(secret));
    }

    return rc == 0 ? ctl_record_one(ctl, &decoy_access, "allowed", &decoy->id,
                                    "decoy") : -1;
}


static int
tenant_rows(ctl_t *ctl, const char *name)
{
    char          id[PUPIL_UUID_TEXT_LEN + 1];
    const char   *params[3];
    ctl_owner_t   decoy, *list[1] = { &decoy };

    memset(&decoy, 0, sizeof(decoy));
    pupil_uuid_random(&decoy.id);
    if (ctl_owners_make(ctl, list, 1) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = name;
    params[2] = ctl_uuid_text(&decoy.id, id);
    if (ctl_begin(ctl->data, &ctl->tenant) == 0
        && ctl_exec(ctl->data, "INSERT INTO pupil.tenant (tenant, name,"
                    " decoy) VALUES ($1::uuid, $2, $3::uuid)", 3, params) == 0
        && decoy_rows(ctl, &decoy) == 0 && ctl_commit(ctl->data) == 0)
    {
        return 0;
    }
    ctl_rollback(ctl->data);

    return -1;
}


/*
 * By --tenant, else by name, else new: repeatable.  1: it was there, keys
 * that it lacked were made; 0: it is new.
 */
static int
tenant_choose(ctl_t *ctl, const char *name)
{
    int          found;
    PGresult    *res;
    const char  *params[2];

    if (ctl->opt.tenant != NULL
        && ctl_uuid_parse(ctl->opt.tenant, &ctl->tenant) != 0)
    {
        return ctl_error("--tenant is no lower-case UUID");
    }

    params[0] = ctl->opt.tenant;
    params[1] = name;
    res = ctl_query(ctl->data, "SELECT tenant FROM pupil.tenant WHERE"
                    " coalesce(tenant = $1::uuid, name = $2)", 2, params);
    if (res == NULL) {
        return -1;
    }

    found = PQntuples(res);
    if (found == 1) {
        ctl_get_uuid(res, 0, 0, &ctl->tenant);
    } else if (found == 0 && ctl->opt.tenant == NULL) {
        pupil_uuid_random(&ctl->tenant);
    }
    PQclear(res);
    ctl_uuid_text(&ctl->tenant, ctl->tenant_text);

    return found > 1 ? ctl_error("several tenants have this name: say"
                                 " --tenant") : found;
}


int
ctl_tenant_create(ctl_t *ctl, const char *name)
{
    int       found;
    PGresult *res;

    if (name[0] == '\0' || strlen(name) > 200) {
        return ctl_error("the name of a tenant has 1 to 200 bytes");
    }

    found = tenant_choose(ctl, name);
    if (found < 0 || ctl_keys_register(ctl) != 0) {
        return -1;
    }

    /* its decoy needs the table of the plugin credential */
    res = ctl_query(ctl->data, "SELECT to_regclass('data.credential')", 0,
                    NULL);
    if (res == NULL || PQgetisnull(res, 0, 0)) {
        PQclear(res);
        return ctl_error("the plugin credential is not installed: run"
                         " pupilctl migrate with its SQL file");
    }
    PQclear(res);

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0 || ctl_keys_ensure(ctl) != 0
        || ctl_commit(ctl->keys) != 0)
    {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return found == 1 ? 0 : tenant_rows(ctl, name);
}


int
ctl_cmd_tenant_add(ctl_t *ctl)
{
    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_plugins_open(ctl) != 0 || ctl_keys_open(ctl) != 0
        || ctl_tenant_create(ctl, ctl->args[0]) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s}", "tenant", ctl->tenant_text,
                                 "name", ctl->args[0]));
    } else {
        printf("%s\n", ctl->tenant_text);
    }

    return CTL_DONE;
}


int
ctl_cmd_tenant_list(ctl_t *ctl)
{
    int        row;
    json_t    *list;
    PGresult  *res;

    if (ctl_open_data(ctl) != 0) {
        return CTL_FAILED;
    }

    res = ctl_query(ctl->data, "SELECT tenant, name, to_char(created_at,"
                    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM pupil.tenant"
                    " ORDER BY created_at, tenant", 0, NULL);
    if (res == NULL) {
        return CTL_FAILED;
    }

    list = json_array();
    for (row = 0; row < PQntuples(res); row++) {
        json_array_append_new(list,
            json_pack("{s:s,s:s,s:s}", "tenant", PQgetvalue(res, row, 0),
                      "name", PQgetvalue(res, row, 1), "created_at",
                      PQgetvalue(res, row, 2)));
        if (!ctl->opt.json) {
            printf("%s  %s\n", PQgetvalue(res, row, 0),
                   PQgetvalue(res, row, 1));
        }
    }
    PQclear(res);

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:o}", "tenants", list));
    } else {
        json_decref(list);
    }

    return CTL_DONE;
}


int
ctl_cmd_key_generate(ctl_t *ctl)
{
    uint32_t  epoch;

    if (ctl->opt.key == NULL) {
        ctl_error("--key is needed: the file to append to");
        return CTL_USAGE;
    }

    if (ctl_keys_append(ctl) != 0) {
        return CTL_FAILED;
    }
    epoch = ctl->keks[ctl->keks_count - 1].epoch;

    if (ctl->opt.keystore != NULL
        && (ctl_open_keys(ctl) != 0 || ctl_keys_register(ctl) != 0))
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i,s:b}", "epoch", (int) epoch,
                                 "registered", ctl->opt.keystore != NULL));
    } else {
        printf("epoch %u is in %s%s; keep a copy apart from every backup of"
               " the databases\n", epoch, ctl->opt.key,
               ctl->opt.keystore == NULL ? ", not yet in the key store" : "");
    }

    return CTL_DONE;
}


static json_t *
epoch_entry(ctl_t *ctl, const PGresult *res, uint32_t i)
{
    int          row;
    size_t       len;
    uint8_t      made[32], stored[32];
    const char  *state = "not registered";

    pupil_kek_fingerprint(&ctl->keks[i].key, made);
    for (row = 0; row < PQntuples(res); row++) {
        if (ctl_get_int(res, row, 0, 0) != (int) ctl->keks[i].epoch) {
            continue;
        }
        state = ctl_get_bytes(res, row, 1, stored, sizeof(stored), &len) == 0
                && len == 32 && memcmp(stored, made, 32) == 0
                ? PQgetisnull(res, row, 2) ? "in force" : "retired"
                : "another key";
    }

    return json_pack("{s:i,s:s}", "epoch", (int) ctl->keks[i].epoch, "state",
                     state);
}


int
ctl_cmd_key_status(ctl_t *ctl)
{
    int          rc = CTL_DONE;
    size_t       n;
    json_t      *list, *entry;
    uint32_t     i;
    PGresult    *res;
    const char  *state;

    if (ctl_keys_open(ctl) != 0 || ctl_open_keys(ctl) != 0) {
        return CTL_FAILED;
    }

    res = ctl_query(ctl->keys, "SELECT epoch, fingerprint, retired_at FROM"
                    " keystore.kek_epoch ORDER BY epoch", 0, NULL);
    if (res == NULL) {
        return CTL_FAILED;
    }

    list = json_array();
    for (i = 0; i < ctl->keks_count; i++) {
        json_array_append_new(list, epoch_entry(ctl, res, i));
    }
    PQclear(res);

    json_array_foreach(list, n, entry) {
        state = json_string_value(json_object_get(entry, "state"));
        if (!ctl->opt.json) {
            printf("epoch %lld: %s\n", (long long)
                   json_integer_value(json_object_get(entry, "epoch")),
                   state);
        }
        if (strcmp(state, "another key") == 0) {
            rc = CTL_FAILED;
        }
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:o}", "epochs", list));
    } else {
        json_decref(list);
    }

    return rc;
}
