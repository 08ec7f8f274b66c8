/*
 * Copyright (C) the Pupil authors
 *
 * From nothing to a tenant: roles, databases, migrations, the first key.
 * What would fail is looked for before anything is made; what is there stays
 * as it is, so that init can be run again.
 */

#include <string.h>
#include <unistd.h>

#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/setup/cluster.h"
#include "ctl/setup/init.h"
#include "ctl/setup/migrate.h"
#include "ctl/setup/tenant.h"
#include "ctl/store/kek.h"


static int same_cluster_check(ctl_t *ctl, const ctl_cluster_t *data,
    const ctl_cluster_t *keys);
static int same_cluster(const ctl_cluster_t *data,
    const ctl_cluster_t *keys);
static int key_check(ctl_t *ctl, const ctl_cluster_t *keys);
static int key_known(ctl_t *ctl, const ctl_cluster_t *keys);
static int key_make(ctl_t *ctl);


static const ctl_role_t  data_roles[] = {
    { .name = "pupil_owner", .login = 0 },
    { .name = "pupil_gateway", .login = 1 },
    { .name = "pupil_operator", .login = 1 },
    { .name = NULL }
};

static const ctl_role_t  keystore_roles[] = {
    { .name = "pupil_keystore_owner", .login = 0 },
    { .name = "pupil_keeper", .login = 1 },
    { .name = "pupil_operator", .login = 1 },
    { .name = NULL }
};


int
ctl_cmd_init(ctl_t *ctl)
{
    int            rc;
    ctl_cluster_t  data = {
        .what = "data database",
        .conninfo = ctl->opt.database,
        .owner = "pupil_owner",
        .roles = data_roles,
        .migrate = ctl_migrate_data,
        .dbname = ""
    };
    ctl_cluster_t  keys = {
        .what = "key store",
        .conninfo = ctl->opt.keystore,
        .owner = "pupil_keystore_owner",
        .roles = keystore_roles,
        .migrate = ctl_migrate_keystore,
        .dbname = ""
    };

    if (ctl->opt.database == NULL || ctl->opt.keystore == NULL
        || ctl->opt.key == NULL || ctl->opt.tenant_name == NULL)
    {
        ctl_error("init needs --database, --keystore, --key and"
                  " --tenant-name");
        return CTL_USAGE;
    }

    rc = CTL_FAILED;

    if (ctl_cluster_open(ctl, &data) != 0 || ctl_cluster_open(ctl, &keys) != 0
        || same_cluster_check(ctl, &data, &keys) != 0
        || ctl_tenant_check(ctl->opt.tenant_name) != 0
        || ctl_cluster_check(ctl, &data) != 0
        || ctl_cluster_check(ctl, &keys) != 0
        || key_check(ctl, &keys) != 0
        || (ctl->opt.accepted != NULL
            && ctl_file_creatable(ctl->opt.accepted) != 0))
    {
        goto done;
    }

    if (ctl_cluster_make(ctl, &data) != 0 || ctl_cluster_make(ctl, &keys) != 0
        || ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0
        || key_make(ctl) != 0
        || ctl_tenant_create(ctl, ctl->opt.tenant_name) != 0)
    {
        goto done;
    }

    rc = CTL_DONE;

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:s}",
                                 "tenant", ctl->tenant_text,
                                 "name", ctl->opt.tenant_name,
                                 "key", ctl->opt.key));
    } else {
        printf("tenant %s\n", ctl->tenant_text);
    }

done:

    PQfinish(data.conn);
    PQfinish(keys.conn);

    return rc;
}


static int
same_cluster_check(ctl_t *ctl, const ctl_cluster_t *data,
    const ctl_cluster_t *keys)
{
    int  same;

    same = same_cluster(data, keys);

    if (same < 0) {
        return -1;
    }

    if (same && !ctl->opt.same_cluster) {
        return ctl_error("data database and key store are in one cluster,"
                         " whose backups hold both: use two, or say"
                         " --same-cluster for a trial");
    }

    if (same && strcmp(data->dbname, keys->dbname) == 0) {
        return ctl_error("data database and key store are one database:"
                         " name two");
    }

    return 0;
}


static int
same_cluster(const ctl_cluster_t *data, const ctl_cluster_t *keys)
{
    int                 same;
    PGresult           *a, *b;
    static const char   sql[] =
        "SELECT system_identifier FROM pg_control_system()";

    same = -1;
    a = ctl_query(data->conn, sql, 0, NULL);
    b = ctl_query(keys->conn, sql, 0, NULL);

    if (a != NULL && b != NULL) {
        same = strcmp(PQgetvalue(a, 0, 0), PQgetvalue(b, 0, 0)) == 0;
    }

    PQclear(a);
    PQclear(b);

    return same;
}


/*
 * The file is that of the key store; or neither knows a key, and one can be
 * made.
 */
static int
key_check(ctl_t *ctl, const ctl_cluster_t *keys)
{
    int  there, known;

    there = access(ctl->opt.key, F_OK) == 0;

    if (there && ctl_kek_open(ctl) != 0) {
        return -1;
    }

    known = key_known(ctl, keys);
    if (known < 0) {
        return -1;
    }

    if (!there && known != 0) {
        return ctl_error("%s is not there, but the key store has keys under"
                         " it: restore the file from its safe place",
                         ctl->opt.key);
    }

    return there ? 0 : ctl_file_creatable(ctl->opt.key);
}


/* How many epochs the key store knows; -1 where the file is another's. */
static int
key_known(ctl_t *ctl, const ctl_cluster_t *keys)
{
    int        known;
    PGconn    *conn;
    PGresult  *res;

    known = ctl_cluster_has_database(keys);
    if (known <= 0) {
        return known;
    }

    conn = ctl_connect(keys->conninfo, keys->what);
    if (conn == NULL) {
        return -1;
    }

    known = -1;

    res = ctl_query_one(conn, "SELECT to_regclass('keystore.kek_epoch')", 0,
                        NULL);
    if (res != NULL) {
        known = PQgetisnull(res, 0, 0) ? 0 : ctl_kek_known(ctl, conn);
    }

    PQclear(res);
    PQfinish(conn);

    return known;
}


/*
 * The first epochs are registered at once, as no worker runs yet; a later one
 * is when every host has it.
 */
static int
key_make(ctl_t *ctl)
{
    int  known;

    if (ctl->keks_count != 0) {
        ctl_note("key: %s is there", ctl->opt.key);

    } else if (ctl_kek_append(ctl) == 0) {
        ctl_note("key: %s made; keep a copy apart from every backup of the"
                 " databases", ctl->opt.key);

    } else {
        return -1;
    }

    known = ctl_kek_known(ctl, ctl->keys);
    if (known != 0) {
        return known < 0 ? -1 : 0;
    }

    return ctl_kek_register(ctl);
}
