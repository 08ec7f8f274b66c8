/*
 * Copyright (C) the Pupil authors
 *
 * From nothing to a tenant: roles, databases, migrations, the first key.
 * Repeatable: what is there stays as it is.
 */

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/setup/init.h"
#include "ctl/setup/migrate.h"
#include "ctl/setup/passfile.h"
#include "ctl/setup/tenant.h"
#include "ctl/store/kek.h"


#define SECRET_BYTES  24


typedef struct {
    const char  *name;
    int          login;
} role_t;

/* One of the two databases, and the cluster that it is to be in. */
typedef struct {
    const char    *what;        /* for messages */
    const char    *conninfo;
    const char    *owner;
    const role_t  *roles;       /* ends with name NULL */
    int          (*migrate)(ctl_t *ctl, PGconn *conn);

    const char    *dbname;      /* of conninfo, "" before it is known */
    PGconn        *conn;        /* to the maintenance database */
} cluster_t;


static int cluster_open(ctl_t *ctl, cluster_t *cluster);
static void option_add(ctl_buf_t *buf, const PQconninfoOption *option);
static int same_cluster_check(ctl_t *ctl, const cluster_t *data,
    const cluster_t *keys);
static int same_cluster(const cluster_t *data, const cluster_t *keys);
static int cluster_make(ctl_t *ctl, const cluster_t *cluster);
static int exists(const cluster_t *cluster, const char *sql,
    const char *name);
static int role_make(ctl_t *ctl, const cluster_t *cluster,
    const role_t *role);
static int role_password(ctl_t *ctl, const cluster_t *cluster,
    const char *role);
static int password_make(const cluster_t *cluster, const char *role,
    const char *path, const char *prefix);
static int database_make(const cluster_t *cluster);
static int database_rights(const cluster_t *cluster, const char *name);
static int key_make(ctl_t *ctl);


static const role_t  data_roles[] = {
    { .name = "pupil_owner", .login = 0 },
    { .name = "pupil_gateway", .login = 1 },
    { .name = "pupil_operator", .login = 1 },
    { .name = NULL }
};

static const role_t  keystore_roles[] = {
    { .name = "pupil_keystore_owner", .login = 0 },
    { .name = "pupil_keeper", .login = 1 },
    { .name = "pupil_operator", .login = 1 },
    { .name = NULL }
};


int
ctl_cmd_init(ctl_t *ctl)
{
    int        rc;
    cluster_t  data = {
        .what = "data database",
        .conninfo = ctl->opt.database,
        .owner = "pupil_owner",
        .roles = data_roles,
        .migrate = ctl_migrate_data,
        .dbname = ""
    };
    cluster_t  keys = {
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

    if (cluster_open(ctl, &data) != 0 || cluster_open(ctl, &keys) != 0
        || same_cluster_check(ctl, &data, &keys) != 0
        || cluster_make(ctl, &data) != 0 || cluster_make(ctl, &keys) != 0
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


/* The conninfo's database name, and a connection to "postgres" beside it. */
static int
cluster_open(ctl_t *ctl, cluster_t *cluster)
{
    char              *error;
    ctl_buf_t          buf;
    PQconninfoOption  *options, *option;

    error = NULL;

    options = PQconninfoParse(cluster->conninfo, &error);
    if (options == NULL) {
        PQfreemem(error);
        return ctl_error("the conninfo of the %s is malformed",
                         cluster->what);
    }

    ctl_buf_init(&buf);

    for (option = options; option->keyword != NULL; option++) {
        if (option->val == NULL) {
            continue;
        }

        if (strcmp(option->keyword, "dbname") == 0) {
            cluster->dbname = ctl_pool_text(&ctl->pool, option->val,
                                            strlen(option->val));
        } else {
            option_add(&buf, option);
        }
    }

    PQconninfoFree(options);

    if (cluster->dbname[0] == '\0') {
        ctl_buf_free(&buf);
        return ctl_error("the conninfo of the %s names no dbname",
                         cluster->what);
    }

    ctl_buf_text(&buf, "dbname=postgres");
    cluster->conn = ctl_connect(buf.data, cluster->what);
    ctl_buf_free(&buf);

    return cluster->conn != NULL ? 0 : -1;
}


/* As conninfo writes it, quoted. */
static void
option_add(ctl_buf_t *buf, const PQconninfoOption *option)
{
    const char  *p;

    ctl_buf_printf(buf, "%s='", option->keyword);

    for (p = option->val; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\') {
            ctl_buf_add(buf, "\\", 1);
        }

        ctl_buf_add(buf, p, 1);
    }

    ctl_buf_text(buf, "' ");
}


static int
same_cluster_check(ctl_t *ctl, const cluster_t *data, const cluster_t *keys)
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
same_cluster(const cluster_t *data, const cluster_t *keys)
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


static int
cluster_make(ctl_t *ctl, const cluster_t *cluster)
{
    int            rc;
    PGconn        *conn;
    const role_t  *role;

    for (role = cluster->roles; role->name != NULL; role++) {
        if (role_make(ctl, cluster, role) != 0) {
            return -1;
        }
    }

    if (database_make(cluster) != 0) {
        return -1;
    }

    conn = ctl_connect(cluster->conninfo, cluster->what);
    if (conn == NULL) {
        return -1;
    }

    rc = cluster->migrate(ctl, conn);
    PQfinish(conn);

    return rc;
}


/* 1, 0, or -1 with the error said. */
static int
exists(const cluster_t *cluster, const char *sql, const char *name)
{
    int          found;
    PGresult    *res;
    const char  *params[1];

    params[0] = name;

    res = ctl_query(cluster->conn, sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    found = PQntuples(res) != 0;
    PQclear(res);

    return found;
}


static int
role_make(ctl_t *ctl, const cluster_t *cluster, const role_t *role)
{
    int   found;
    char  sql[160];

    found = exists(cluster, "SELECT 1 FROM pg_roles WHERE rolname = $1",
                   role->name);
    if (found < 0) {
        return -1;
    }

    if (!found) {
        snprintf(sql, sizeof(sql), "CREATE ROLE %s %s NOSUPERUSER NOCREATEDB"
                 " NOCREATEROLE NOREPLICATION NOBYPASSRLS", role->name,
                 role->login ? "LOGIN" : "NOLOGIN");

        if (ctl_exec(cluster->conn, sql, 0, NULL) != 0) {
            return -1;
        }

        ctl_note("%s: role %s", cluster->what, role->name);
    }

    /* whoever is no superuser acts as these roles by being a member */
    snprintf(sql, sizeof(sql), "DO $$ BEGIN IF NOT (SELECT rolsuper FROM"
             " pg_roles WHERE rolname = current_user) THEN GRANT %s TO"
             " CURRENT_USER; END IF; END $$", role->name);

    if (ctl_exec(cluster->conn, sql, 0, NULL) != 0) {
        return -1;
    }

    if (!role->login || ctl->opt.passfile == NULL) {
        return 0;
    }

    return role_password(ctl, cluster, role->name);
}


/*
 * In the passfile, unless a line is there already.  The operator's is kept in
 * a file of its own: nginx's workers have no business with it.
 */
static int
role_password(ctl_t *ctl, const cluster_t *cluster, const char *role)
{
    int          rc, ours;
    ctl_buf_t    path, prefix;
    const char  *dbname;

    ours = strcmp(role, "pupil_operator") == 0;

    /* in one cluster this role, and so its password, is of both databases */
    dbname = ours && ctl->opt.same_cluster ? "*" : cluster->dbname;

    ctl_buf_init(&path);
    ctl_buf_init(&prefix);
    ctl_buf_printf(&path, "%s%s", ctl->opt.passfile, ours ? ".operator" : "");
    ctl_buf_printf(&prefix, "*:*:%s:%s:", dbname, role);

    rc = 0;

    if (!ctl_passfile_has(path.data, prefix.data)) {
        rc = password_make(cluster, role, path.data, prefix.data);
    }

    ctl_buf_free(&path);
    ctl_buf_free(&prefix);

    return rc;
}


/*
 * Into the passfile, and as a SCRAM verifier, so that it is in no log of the
 * server, into the role.
 */
static int
password_make(const cluster_t *cluster, const char *role, const char *path,
    const char *prefix)
{
    int         rc;
    char        secret[PUPIL_BASE64URL_LEN(SECRET_BYTES) + 1], *verifier;
    size_t      len;
    uint8_t     random[SECRET_BYTES];
    ctl_buf_t   sql;

    randombytes_buf(random, sizeof(random));
    len = pupil_base64url_encode(random, sizeof(random), (uint8_t *) secret);
    secret[len] = '\0';

    verifier = PQencryptPasswordConn(cluster->conn, secret, role,
                                     "scram-sha-256");
    if (verifier == NULL) {
        rc = ctl_error("a password cannot be made: %s",
                       PQerrorMessage(cluster->conn));
        goto done;
    }

    rc = ctl_passfile_add(path, prefix, secret);

    if (rc == 0) {
        ctl_buf_init(&sql);
        ctl_buf_printf(&sql, "ALTER ROLE %s PASSWORD '%s'", role, verifier);
        rc = ctl_exec(cluster->conn, sql.data, 0, NULL);
        ctl_buf_free(&sql);
    }

    PQfreemem(verifier);

done:

    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(random, sizeof(random));

    return rc;
}


static int
database_make(const cluster_t *cluster)
{
    int         rc, found;
    char       *name;
    ctl_buf_t   sql;

    found = exists(cluster, "SELECT 1 FROM pg_database WHERE datname = $1",
                   cluster->dbname);
    if (found < 0) {
        return -1;
    }

    name = PQescapeIdentifier(cluster->conn, cluster->dbname,
                              strlen(cluster->dbname));
    if (name == NULL) {
        return ctl_error("%s: no name of a database", cluster->dbname);
    }

    rc = 0;
    ctl_buf_init(&sql);

    if (!found) {
        ctl_buf_printf(&sql, "CREATE DATABASE %s OWNER %s TEMPLATE template0"
                       " ENCODING 'UTF8'", name, cluster->owner);
        rc = ctl_exec(cluster->conn, sql.data, 0, NULL);

        if (rc == 0) {
            ctl_note("%s: database %s", cluster->what, cluster->dbname);
        }
    }

    if (rc == 0) {
        rc = database_rights(cluster, name);
    }

    PQfreemem(name);
    ctl_buf_free(&sql);

    return rc;
}


static int
database_rights(const cluster_t *cluster, const char *name)
{
    int            rc;
    ctl_buf_t      sql;
    const role_t  *role;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "REVOKE ALL ON DATABASE %s FROM PUBLIC;"
                   " GRANT CREATE ON DATABASE %s TO %s;", name, name,
                   cluster->owner);

    for (role = cluster->roles; role->name != NULL; role++) {
        ctl_buf_printf(&sql, " GRANT CONNECT ON DATABASE %s TO %s;", name,
                       role->name);
    }

    rc = ctl_exec(cluster->conn, sql.data, 0, NULL);
    ctl_buf_free(&sql);

    return rc;
}


/* A new key only where neither file nor key store knows one. */
static int
key_make(ctl_t *ctl)
{
    int        known;
    PGresult  *res;

    if (access(ctl->opt.key, F_OK) == 0) {
        return ctl_kek_open(ctl);
    }

    res = ctl_query(ctl->keys, "SELECT 1 FROM keystore.kek_epoch", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    known = PQntuples(res);
    PQclear(res);

    if (known != 0) {
        return ctl_error("%s is not there, but the key store has keys under"
                         " it: restore the file from its safe place",
                         ctl->opt.key);
    }

    if (ctl_kek_append(ctl) != 0) {
        return -1;
    }

    ctl_note("key: %s made; keep a copy apart from every backup of the"
             " databases", ctl->opt.key);

    return 0;
}
