/*
 * Copyright (C) the Pupil authors
 *
 * Controllers: their keys, and what else each begins with.
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/base/text.h"
#include "ctl/setup/decoy.h"
#include "ctl/setup/tenant.h"
#include "ctl/store/facts.h"
#include "ctl/store/kek.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/subject.h"


#define NAME_MAX_BYTES  200


static int tenant_choose(ctl_t *ctl, const char *name);
static int credential_check(ctl_t *ctl);
static int tenant_bound(ctl_t *ctl);
static int tenant_rows(ctl_t *ctl, const char *name);
static int tenant_row(ctl_t *ctl, const char *name, const ctl_owner_t *decoy);


int
ctl_tenant_check(const char *name)
{
    if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES) {
        return ctl_error("the name of a tenant has 1 to %d bytes",
                         NAME_MAX_BYTES);
    }

    return 0;
}


int
ctl_tenant_create(ctl_t *ctl, const char *name)
{
    int  found;

    if (ctl_tenant_check(name) != 0) {
        return -1;
    }

    found = tenant_choose(ctl, name);

    if (found < 0 || ctl_kek_known(ctl, ctl->keys) < 0
        || credential_check(ctl) != 0)
    {
        return -1;
    }

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0 || ctl_keys_ensure(ctl) != 0
        || (found == 0 && tenant_bound(ctl) != 0)
        || ctl_commit(ctl->keys) != 0)
    {
        ctl_rollback(ctl->keys);
        return -1;
    }

    if (found == 1) {
        ctl_note("tenant: %s is there", name);
        return ctl_decoy_complete(ctl);
    }

    return tenant_rows(ctl, name);
}


/* By --tenant, else by name, else new: 1 when it was there, 0 when not. */
static int
tenant_choose(ctl_t *ctl, const char *name)
{
    int          rc, found;
    PGresult    *res;
    const char  *params[2];

    if (ctl->opt.tenant != NULL
        && ctl_uuid_parse(ctl->opt.tenant, &ctl->tenant) != 0)
    {
        return ctl_error("--tenant is no lower-case UUID");
    }

    params[0] = ctl->opt.tenant;
    params[1] = name;

    res = ctl_query(ctl->data, "SELECT tenant, name FROM pupil.tenant WHERE"
                    " coalesce(tenant = $1::uuid, name = $2)", 2, params);
    if (res == NULL) {
        return -1;
    }

    found = PQntuples(res);

    if (found == 1 && strcmp(PQgetvalue(res, 0, 1), name) != 0) {
        rc = ctl_error("the tenant %s is \"%s\", and not \"%s\": say --tenant"
                       " with a new UUID, if the one of pupilctl.conf is not"
                       " meant", ctl->opt.tenant, PQgetvalue(res, 0, 1),
                       name);
        PQclear(res);
        return rc;
    }

    rc = found == 1 ? ctl_get_uuid(res, 0, 0, &ctl->tenant) : 0;
    PQclear(res);

    if (rc != 0) {
        return ctl_error("the tenant's id is malformed");
    }

    if (found == 0 && ctl->opt.tenant == NULL) {
        pupil_uuid_random(&ctl->tenant);
    }

    if (found > 1) {
        return ctl_error("several tenants have this name: say --tenant");
    }

    ctl_uuid_text(&ctl->tenant, ctl->tenant_text);

    return found;
}


/* The decoy needs the table of the plugin credential. */
static int
credential_check(ctl_t *ctl)
{
    int        there;
    PGresult  *res;

    res = ctl_query_one(ctl->data, "SELECT to_regclass('data.credential')", 0,
                        NULL);

    there = res != NULL && !PQgetisnull(res, 0, 0);
    PQclear(res);

    if (!there) {
        return ctl_error("the plugin credential is not installed: run"
                         " pupilctl migrate with its SQL file");
    }

    return 0;
}


/* It has no record yet, and so none without facts. */
static int
tenant_bound(ctl_t *ctl)
{
    uint32_t  i;

    for (i = 0; i < ctl->policy.count; i++) {
        if (ctl->policy.categories[i]->bound
            && ctl_facts_note(ctl, ctl->policy.categories[i]) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
tenant_rows(ctl_t *ctl, const char *name)
{
    ctl_owner_t  decoy, *list[1];

    memset(&decoy, 0, sizeof(ctl_owner_t));
    pupil_uuid_random(&decoy.id);
    list[0] = &decoy;

    if (ctl_owners_make(ctl, list, 1) != 0) {
        return -1;
    }

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || tenant_row(ctl, name, &decoy) != 0
        || ctl_decoy_make(ctl, &decoy) != 0
        || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return 0;
}


static int
tenant_row(ctl_t *ctl, const char *name, const ctl_owner_t *decoy)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = name;
    params[2] = ctl_uuid_text(&decoy->id, id);

    return ctl_exec(ctl->data, "INSERT INTO pupil.tenant (tenant, name, decoy)"
                    " VALUES ($1::uuid, $2, $3::uuid)", 3, params);
}


int
ctl_cmd_tenant_add(ctl_t *ctl)
{
    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_plugins_open(ctl) != 0 || ctl_kek_open(ctl) != 0
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
    PGresult                  *res;
    static const char *const   columns[] = {
        "tenant", "created_at", "name", NULL
    };

    if (ctl_open_data(ctl) != 0) {
        return CTL_FAILED;
    }

    res = ctl_query(ctl->data, "SELECT tenant, to_char(created_at,"
                    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), name FROM"
                    " pupil.tenant ORDER BY created_at, tenant", 0, NULL);
    if (res == NULL) {
        return CTL_FAILED;
    }

    ctl_list_print(ctl, res, "tenants", columns);
    PQclear(res);

    return CTL_DONE;
}
