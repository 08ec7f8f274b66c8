/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/setup/cluster.h"
#include "ctl/setup/passfile.h"


#define SECRET_BYTES  24
#define SECRET_SIZE   (PUPIL_BASE64URL_LEN(SECRET_BYTES) + 1)


/* A role's line of a password file. */
typedef struct {
    ctl_buf_t  path;
    ctl_buf_t  prefix;      /* what stands before the password */
} line_t;


static void option_add(ctl_buf_t *buf, const PQconninfoOption *option);
static int exists(const ctl_cluster_t *cluster, const char *sql,
    const char *name);
static int role_exists(const ctl_cluster_t *cluster, const ctl_role_t *role);
static int role_check(ctl_t *ctl, const ctl_cluster_t *cluster,
    const ctl_role_t *role);
static int role_make(ctl_t *ctl, const ctl_cluster_t *cluster,
    const ctl_role_t *role);
static int role_create(ctl_t *ctl, const ctl_cluster_t *cluster,
    const ctl_role_t *role);
static int role_join(const ctl_cluster_t *cluster, const ctl_role_t *role);
static void line_init(line_t *line, ctl_t *ctl,
    const ctl_cluster_t *cluster, const ctl_role_t *role);
static void line_free(line_t *line);
static char *password_verifier(ctl_t *ctl, const ctl_cluster_t *cluster,
    const ctl_role_t *role);
static const char *password_make(ctl_pool_t *pool, const line_t *line);
static int database_make(const ctl_cluster_t *cluster);
static int database_rights(const ctl_cluster_t *cluster, const char *name);


int
ctl_cluster_open(ctl_t *ctl, ctl_cluster_t *cluster)
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


int
ctl_cluster_has_database(const ctl_cluster_t *cluster)
{
    return exists(cluster, "SELECT 1 FROM pg_database WHERE datname = $1",
                  cluster->dbname);
}


/* 1, 0, or -1 with the error said. */
static int
exists(const ctl_cluster_t *cluster, const char *sql, const char *name)
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
role_exists(const ctl_cluster_t *cluster, const ctl_role_t *role)
{
    return exists(cluster, "SELECT 1 FROM pg_roles WHERE rolname = $1",
                  role->name);
}


int
ctl_cluster_check(ctl_t *ctl, const ctl_cluster_t *cluster)
{
    const ctl_role_t  *role;

    if (ctl->opt.passfile == NULL) {
        return 0;
    }

    for (role = cluster->roles; role->name != NULL; role++) {
        if (role->login && role_check(ctl, cluster, role) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
role_check(ctl_t *ctl, const ctl_cluster_t *cluster, const ctl_role_t *role)
{
    int     rc, found;
    line_t  line;

    found = role_exists(cluster, role);
    if (found < 0) {
        return -1;
    }

    line_init(&line, ctl, cluster, role);

    rc = ctl_passfile_check(line.path.data);

    if (rc == 0 && found
        && ctl_passfile_find(&ctl->pool, line.path.data, line.prefix.data)
           == NULL)
    {
        rc = ctl_error("%s: role %s is there, but no line of it is in %s:"
                       " copy the file from the host where init made it, or"
                       " leave out --passfile", cluster->what, role->name,
                       line.path.data);
    }

    line_free(&line);

    return rc;
}


int
ctl_cluster_make(ctl_t *ctl, const ctl_cluster_t *cluster)
{
    int            rc;
    PGconn        *conn;
    const ctl_role_t  *role;

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


static int
role_make(ctl_t *ctl, const ctl_cluster_t *cluster, const ctl_role_t *role)
{
    int  found;

    found = role_exists(cluster, role);
    if (found < 0) {
        return -1;
    }

    if (!found && role_create(ctl, cluster, role) != 0) {
        return -1;
    }

    ctl_note("%s: role %s %s", cluster->what, role->name,
             found ? "is there" : "made");

    return role_join(cluster, role);
}


/*
 * Made with its password in one statement, so that whoever interrupts init
 * leaves no role that is there and cannot log in.  The server sees a SCRAM
 * verifier: the password is in no log.
 */
static int
role_create(ctl_t *ctl, const ctl_cluster_t *cluster, const ctl_role_t *role)
{
    int         rc;
    char       *verifier;
    ctl_buf_t   sql;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "CREATE ROLE %s %s NOSUPERUSER NOCREATEDB"
                   " NOCREATEROLE NOREPLICATION NOBYPASSRLS", role->name,
                   role->login ? "LOGIN" : "NOLOGIN");

    rc = 0;

    if (role->login && ctl->opt.passfile != NULL) {
        verifier = password_verifier(ctl, cluster, role);

        if (verifier != NULL) {
            ctl_buf_printf(&sql, " PASSWORD '%s'", verifier);
        } else {
            rc = -1;
        }

        PQfreemem(verifier);
    }

    if (rc == 0) {
        rc = ctl_exec(cluster->conn, sql.data, 0, NULL);
    }

    ctl_buf_free(&sql);

    return rc;
}


/* Whoever is no superuser acts as these roles by being a member. */
static int
role_join(const ctl_cluster_t *cluster, const ctl_role_t *role)
{
    char  sql[160];

    snprintf(sql, sizeof(sql), "DO $$ BEGIN IF NOT (SELECT rolsuper FROM"
             " pg_roles WHERE rolname = current_user) THEN GRANT %s TO"
             " CURRENT_USER; END IF; END $$", role->name);

    return ctl_exec(cluster->conn, sql, 0, NULL);
}


/*
 * The operator's is kept in a file of its own: nginx's workers have no
 * business with it.
 */
static void
line_init(line_t *line, ctl_t *ctl, const ctl_cluster_t *cluster,
    const ctl_role_t *role)
{
    int          ours;
    const char  *dbname;

    ours = strcmp(role->name, "pupil_operator") == 0;

    /* in one cluster this role, and so its password, is of both databases */
    dbname = ours && ctl->opt.same_cluster ? "*" : cluster->dbname;

    ctl_buf_init(&line->path);
    ctl_buf_init(&line->prefix);
    ctl_buf_printf(&line->path, "%s%s", ctl->opt.passfile,
                   ours ? ".operator" : "");
    ctl_buf_printf(&line->prefix, "*:*:%s:%s:", dbname, role->name);
}


static void
line_free(line_t *line)
{
    ctl_buf_free(&line->path);
    ctl_buf_free(&line->prefix);
}


/*
 * Of the password in the file, which init may have written and then been
 * interrupted, or of a new one.  Ownership: the caller's, for PQfreemem().
 */
static char *
password_verifier(ctl_t *ctl, const ctl_cluster_t *cluster,
    const ctl_role_t *role)
{
    char        *verifier;
    line_t       line;
    ctl_pool_t   pool;
    const char  *secret;

    memset(&pool, 0, sizeof(ctl_pool_t));
    line_init(&line, ctl, cluster, role);

    verifier = NULL;

    secret = ctl_passfile_find(&pool, line.path.data, line.prefix.data);
    if (secret == NULL) {
        secret = password_make(&pool, &line);
    }

    if (secret != NULL) {
        verifier = PQencryptPasswordConn(cluster->conn, secret, role->name,
                                         "scram-sha-256");
        if (verifier == NULL) {
            ctl_error("a password cannot be made: %s",
                      PQerrorMessage(cluster->conn));
        }
    }

    line_free(&line);
    ctl_pool_free(&pool);

    return verifier;
}


/* In the file first: a role whose password nobody knows helps nobody. */
static const char *
password_make(ctl_pool_t *pool, const line_t *line)
{
    char     *secret;
    size_t    len;
    uint8_t   random[SECRET_BYTES];

    secret = ctl_pool_alloc(pool, SECRET_SIZE);

    randombytes_buf(random, sizeof(random));
    len = pupil_base64url_encode(random, sizeof(random), (uint8_t *) secret);
    secret[len] = '\0';
    sodium_memzero(random, sizeof(random));

    return ctl_passfile_add(line->path.data, line->prefix.data, secret) == 0
           ? secret : NULL;
}


static int
database_make(const ctl_cluster_t *cluster)
{
    int         rc, found;
    char       *name;
    ctl_buf_t   sql;

    found = ctl_cluster_has_database(cluster);
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

    if (found) {
        ctl_note("%s: database %s is there", cluster->what, cluster->dbname);

    } else {
        ctl_buf_printf(&sql, "CREATE DATABASE %s OWNER %s TEMPLATE template0"
                       " ENCODING 'UTF8'", name, cluster->owner);
        rc = ctl_exec(cluster->conn, sql.data, 0, NULL);

        if (rc == 0) {
            ctl_note("%s: database %s made", cluster->what,
                     cluster->dbname);
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
database_rights(const ctl_cluster_t *cluster, const char *name)
{
    int            rc;
    ctl_buf_t      sql;
    const ctl_role_t  *role;

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
