/*
 * Copyright (C) the Pupil authors
 *
 * From nothing to a tenant: roles, databases, migrations, the first key.
 * Repeatable: what is there stays as it is.
 */

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/base/ctl.h"


#define SECRET_BYTES  24

typedef struct {
    const char  *name;
    int          login;
} role_t;

typedef struct {
    const char    *what, *conninfo;
    const char    *owner;
    const role_t  *roles;       /* ends with name NULL */
    PGconn        *conn;        /* to the maintenance database */
    const char    *dbname;      /* "" before it is known */
} cluster_t;


static const role_t  data_roles[] = {
    { "pupil_owner", 0 },
    { "pupil_gateway", 1 },
    { "pupil_operator", 1 },
    { NULL, 0 }
};

static const role_t  keystore_roles[] = {
    { "pupil_keystore_owner", 0 },
    { "pupil_keeper", 1 },
    { "pupil_operator", 1 },
    { NULL, 0 }
};


/* The conninfo's database name, and a connection to "postgres" beside it. */
static int
cluster_open(ctl_t *ctl, cluster_t *cluster)
{
    char              *error = NULL;
    ctl_buf_t          buf = { NULL, 0, 0 };
    const char        *p;
    PQconninfoOption  *options, *option;

    options = PQconninfoParse(cluster->conninfo, &error);
    if (options == NULL) {
        ctl_error("the conninfo of the %s is malformed", cluster->what);
        PQfreemem(error);
        return -1;
    }

    for (option = options; option->keyword != NULL; option++) {
        if (option->val == NULL) {
            continue;
        }
        if (strcmp(option->keyword, "dbname") == 0) {
            cluster->dbname = ctl_pool_text(&ctl->pool, option->val,
                                            strlen(option->val));
            continue;
        }
        ctl_buf_printf(&buf, "%s='", option->keyword);
        for (p = option->val; *p != '\0'; p++) {
            if (*p == '\'' || *p == '\\') {
                ctl_buf_add(&buf, "\\", 1);
            }
            ctl_buf_add(&buf, p, 1);
        }
        ctl_buf_text(&buf, "' ");
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


/* Whether the passfile has a line for this database and role. */
static int
passfile_has(const char *path, const char *line)
{
    int         found;
    char       *text;
    size_t      len;
    ctl_pool_t  pool = { NULL };

    if (access(path, F_OK) != 0) {
        return 0;
    }
    text = ctl_file_read(&pool, path, &len);
    found = text != NULL && strstr(text, line) != NULL;
    ctl_pool_free(&pool);

    return found;
}


static int
passfile_add(const char *path, const char *line, const char *secret)
{
    int          fd, rc = 0;
    struct stat  st;
    ctl_buf_t    buf = { NULL, 0, 0 };

    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &st) != 0) {
        rc = ctl_error("%s: %s", path, strerror(errno));
    } else if (st.st_mode & 077) {
        rc = ctl_error("%s is readable by others: chmod 600", path);
    }

    if (rc == 0) {
        ctl_buf_printf(&buf, "%s%s\n", line, secret);
        if (write(fd, buf.data, buf.len) != (ssize_t) buf.len
            || fsync(fd) != 0)
        {
            rc = ctl_error("%s: %s", path, strerror(errno));
        }
        ctl_buf_free(&buf);
    }
    if (fd >= 0) {
        close(fd);
    }

    return rc;
}


/*
 * A new password: into the passfile, and as a SCRAM verifier, so that it is
 * in no log of the server, into the role.  The operator's is kept in a file
 * of its own: nginx's workers have no business with it.
 */
static int
role_password(ctl_t *ctl, const cluster_t *cluster, const char *role)
{
    int        rc = -1, ours;
    char       secret[PUPIL_BASE64URL_LEN(SECRET_BYTES) + 1], *verifier;
    uint8_t    random[SECRET_BYTES];
    size_t     len;
    ctl_buf_t  path = { NULL, 0, 0 }, line = { NULL, 0, 0 };
    ctl_buf_t  sql = { NULL, 0, 0 };

    ours = strcmp(role, "pupil_operator") == 0;
    ctl_buf_printf(&path, "%s%s", ctl->opt.passfile,
                   ours ? ".operator" : "");
    ctl_buf_printf(&line, "*:*:%s:%s:", ours && ctl->opt.same_cluster
                                        ? "*" : cluster->dbname, role);
    if (passfile_has(path.data, line.data)) {
        rc = 0;
        goto done;
    }

    randombytes_buf(random, sizeof(random));
    len = pupil_base64url_encode(random, sizeof(random), (uint8_t *) secret);
    secret[len] = '\0';
    verifier = PQencryptPasswordConn(cluster->conn, secret, role,
                                     "scram-sha-256");
    if (verifier == NULL) {
        ctl_error("a password cannot be made: %s",
                  PQerrorMessage(cluster->conn));
        goto done;
    }

    ctl_buf_printf(&sql, "ALTER ROLE %s PASSWORD '%s'", role, verifier);
    PQfreemem(verifier);
    rc = passfile_add(path.data, line.data, secret);
    if (rc == 0) {
        rc = ctl_exec(cluster->conn, sql.data, 0, NULL);
    }
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(random, sizeof(random));

done:

    ctl_buf_free(&path);
    ctl_buf_free(&line);
    ctl_buf_free(&sql);

    return rc;
}


static int
role_make(ctl_t *ctl, const cluster_t *cluster, const role_t *role)
{
    int          exists;
    char         sql[160];
    PGresult    *res;
    const char  *params[1];

    params[0] = role->name;
    res = ctl_query(cluster->conn, "SELECT 1 FROM pg_roles WHERE rolname = $1",
                    1, params);
    if (res == NULL) {
        return -1;
    }
    exists = PQntuples(res) != 0;
    PQclear(res);

    if (!exists) {
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

    return role->login && ctl->opt.passfile != NULL
           ? role_password(ctl, cluster, role->name) : 0;
}


static int
database_make(const cluster_t *cluster)
{
    int           rc = -1, exists;
    char         *name;
    ctl_buf_t     sql = { NULL, 0, 0 };
    PGresult     *res;
    const char   *params[1];
    const role_t *role;

    params[0] = cluster->dbname;
    res = ctl_query(cluster->conn, "SELECT 1 FROM pg_database WHERE datname ="
                    " $1", 1, params);
    if (res == NULL) {
        return -1;
    }
    exists = PQntuples(res) != 0;
    PQclear(res);

    name = PQescapeIdentifier(cluster->conn, cluster->dbname,
                              strlen(cluster->dbname));
    if (name == NULL) {
        return ctl_error("%s: no name of a database", cluster->dbname);
    }

    if (!exists) {
        ctl_buf_printf(&sql, "CREATE DATABASE %s OWNER %s TEMPLATE template0"
                       " ENCODING 'UTF8'", name, cluster->owner);
        if (ctl_exec(cluster->conn, sql.data, 0, NULL) != 0) {
            goto done;
        }
        ctl_note("%s: database %s", cluster->what, cluster->dbname);
    }

    sql.len = 0;
    ctl_buf_printf(&sql, "REVOKE ALL ON DATABASE %s FROM PUBLIC;"
                   " GRANT CREATE ON DATABASE %s TO %s;", name, name,
                   cluster->owner);
    for (role = cluster->roles; role->name != NULL; role++) {
        ctl_buf_printf(&sql, " GRANT CONNECT ON DATABASE %s TO %s;", name,
                       role->name);
    }
    rc = ctl_exec(cluster->conn, sql.data, 0, NULL);

done:

    PQfreemem(name);
    ctl_buf_free(&sql);

    return rc;
}


static int
same_cluster_check(ctl_t *ctl, const cluster_t *data, const cluster_t *keys)
{
    int         same;
    PGresult   *a, *b;
    const char *sql = "SELECT system_identifier FROM pg_control_system()";

    a = ctl_query(data->conn, sql, 0, NULL);
    b = ctl_query(keys->conn, sql, 0, NULL);
    if (a == NULL || b == NULL) {
        PQclear(a);
        PQclear(b);
        return -1;
    }

    same = strcmp(PQgetvalue(a, 0, 0), PQgetvalue(b, 0, 0)) == 0;
    PQclear(a);
    PQclear(b);

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
cluster_make(ctl_t *ctl, cluster_t *cluster)
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
    rc = cluster->roles == data_roles ? ctl_migrate_data(ctl, conn)
                                      : ctl_migrate_keystore(ctl, conn);
    PQfinish(conn);

    return rc;
}


/* A new key only where neither file nor key store knows one. */
static int
key_make(ctl_t *ctl)
{
    int        known;
    PGresult  *res;

    if (access(ctl->opt.key, F_OK) == 0) {
        return ctl_keys_open(ctl);
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

    if (ctl_keys_append(ctl) != 0) {
        return -1;
    }
    ctl_note("key: %s made; keep a copy apart from every backup of the"
             " databases", ctl->opt.key);

    return 0;
}


int
ctl_cmd_init(ctl_t *ctl)
{
    int        rc = CTL_FAILED;
    cluster_t  data = { "data database", ctl->opt.database, "pupil_owner",
                        data_roles, NULL, "" };
    cluster_t  keys = { "key store", ctl->opt.keystore,
                        "pupil_keystore_owner", keystore_roles, NULL, "" };

    if (ctl->opt.database == NULL || ctl->opt.keystore == NULL
        || ctl->opt.key == NULL || ctl->opt.tenant_name == NULL)
    {
        ctl_error("init needs --database, --keystore, --key and"
                  " --tenant-name");
        return CTL_USAGE;
    }

    if (cluster_open(ctl, &data) == 0 && cluster_open(ctl, &keys) == 0
        && same_cluster_check(ctl, &data, &keys) == 0
        && cluster_make(ctl, &data) == 0 && cluster_make(ctl, &keys) == 0
        && ctl_open_data(ctl) == 0 && ctl_open_keys(ctl) == 0
        && key_make(ctl) == 0
        && ctl_tenant_create(ctl, ctl->opt.tenant_name) == 0)
    {
        rc = CTL_DONE;
        if (ctl->opt.json) {
            ctl_json_print(json_pack("{s:s,s:s,s:s}", "tenant",
                                     ctl->tenant_text, "name",
                                     ctl->opt.tenant_name, "key",
                                     ctl->opt.key));
        } else {
            printf("tenant %s\n", ctl->tenant_text);
        }
    }

    PQfinish(data.conn);
    PQfinish(keys.conn);

    return rc;
}
