/*
 * Copyright (C) the Pupil authors
 *
 * Migrations: numbered files, each in a transaction of its own with its row
 * of public.pupil_migration, so that what was applied is known, and that two
 * at once wait for each other.
 */

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/base/literal.h"
#include "ctl/setup/accepted.h"
#include "ctl/setup/migrate.h"
#include "ctl/setup/plugin_sql.h"
#include "ctl/store/keys.h"
#include "ctl/store/objects.h"
#include "ctl/store/plugins.h"


#define LOCK        "1347760177"        /* "PUP1" */
#define COMPATIBLE  "-- compatible_from: "

#define TRIES  20
#define PAUSE  300000000                /* ns: others get their turn */

/* A file. */
typedef struct {
    int          number, compatible;
    const char  *name;
    char        *sql;
    char         sha256[CTL_BYTEA_SIZE(crypto_hash_sha256_BYTES)];
} migration_t;

/* A database. */
typedef struct {
    const char  *what;          /* for messages */
    const char  *folder;        /* below --sql */
    const char  *owner;         /* roles */
    const char  *readers;
} kind_t;


static void databases_choose(ctl_options_t *opt);
static int database_open(const char *conninfo, const kind_t *kind,
    PGconn **conn);
static int migrate(ctl_t *ctl, PGconn *conn, const kind_t *kind);
static int unlock(PGconn *conn);
static int months_make(PGconn *conn);
static int months_try(PGconn *conn, const char *timeout, PGresult **res,
    ctl_holder_t *holder);
static int migrations_read(ctl_t *ctl, const kind_t *kind,
    migration_t **list);
static int is_migration(const struct dirent *entry);
static int migration_read(ctl_t *ctl, const char *dir, const char *name,
    migration_t *m);
static int migration_compatible(const migration_t *m);
static int table_make(PGconn *conn, const kind_t *kind);
static int applied_check(PGconn *conn, const kind_t *kind,
    const migration_t *list, int count);
static int row_check(const PGresult *res, int row, const kind_t *kind,
    const migration_t *list, int count);
static int migration_apply(PGconn *conn, const kind_t *kind,
    const migration_t *m);


static const kind_t  kind_data = {
    .what = "data database",
    .folder = "data",
    .owner = "pupil_owner",
    .readers = "pupil_gateway, pupil_operator"
};

static const kind_t  kind_keystore = {
    .what = "key store",
    .folder = "keystore",
    .owner = "pupil_keystore_owner",
    .readers = "pupil_keeper, pupil_operator"
};


int
ctl_cmd_migrate(ctl_t *ctl)
{
    int      rc;
    PGconn  *data, *keys;

    databases_choose(&ctl->opt);

    if (ctl->opt.database == NULL && ctl->opt.keystore == NULL) {
        ctl_error("--database, --keystore or both are needed");
        return CTL_USAGE;
    }

    rc = CTL_FAILED;
    data = NULL;
    keys = NULL;

    if (database_open(ctl->opt.database, &kind_data, &data) != 0
        || database_open(ctl->opt.keystore, &kind_keystore, &keys) != 0)
    {
        goto done;
    }

    if ((data != NULL && ctl_migrate_data(ctl, data) != 0)
        || (keys != NULL && ctl_migrate_keystore(ctl, keys) != 0))
    {
        goto done;
    }

    if (data != NULL && keys != NULL && ctl_keys_index(ctl) != 0) {
        goto done;
    }

    rc = CTL_DONE;

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "status", "migrated"));
    }

done:

    PQfinish(data);
    PQfinish(keys);

    return rc;
}


/*
 * The file and the environment name databases for the operator, who owns no
 * schema: where the line names one, the other is not meant.
 */
static void
databases_choose(ctl_options_t *opt)
{
    if (opt->line_database != NULL || opt->line_keystore != NULL) {
        opt->database = opt->line_database;
        opt->keystore = opt->line_keystore;
    }
}


/* Both before anything is applied; conn stays NULL where none is asked for. */
static int
database_open(const char *conninfo, const kind_t *kind, PGconn **conn)
{
    if (conninfo == NULL) {
        return 0;
    }

    *conn = ctl_connect(conninfo, kind->what);

    return *conn == NULL ? -1 : ctl_become(*conn, kind->owner);
}


int
ctl_migrate_data(ctl_t *ctl, PGconn *conn)
{
    if (ctl_plugins_open(ctl) != 0 || migrate(ctl, conn, &kind_data) != 0
        || ctl_plugin_sql_apply(ctl, conn) != 0
        || ctl_plugin_sql_renew(ctl, conn) != 0
        || months_make(conn) != 0
        || ctl_accepted_note(ctl) != 0)
    {
        return -1;
    }

    return unlock(conn);
}


int
ctl_migrate_keystore(ctl_t *ctl, PGconn *conn)
{
    if (migrate(ctl, conn, &kind_keystore) != 0) {
        return -1;
    }

    return unlock(conn);
}


/* Leaves conn locked and as the owner, for what else the caller applies. */
static int
migrate(ctl_t *ctl, PGconn *conn, const kind_t *kind)
{
    int           count, next;
    migration_t  *list;

    count = migrations_read(ctl, kind, &list);

    if (count < 0
        || ctl_exec(conn, "SELECT pg_advisory_lock(" LOCK ")", 0, NULL) != 0
        || ctl_become(conn, kind->owner) != 0 || table_make(conn, kind) != 0
        || ctl_objects_table(conn, kind->readers) != 0)
    {
        return -1;
    }

    next = applied_check(conn, kind, list, count);
    if (next < 0) {
        return -1;
    }

    for ( /* void */ ; next < count; next++) {
        if (migration_apply(conn, kind, &list[next]) != 0) {
            return -1;
        }
    }

    ctl_note("%s: at migration %s", kind->what, list[count - 1].name);

    return 0;
}


static int
unlock(PGconn *conn)
{
    if (ctl_exec(conn, "SELECT pg_advisory_unlock(" LOCK ")", 0, NULL) != 0) {
        return -1;
    }

    return ctl_exec(conn, "RESET ROLE", 0, NULL);
}


/*
 * A month's table needs a lock for which whoever writes records waits behind
 * us: so for as long as something old, as a backup, has the table, it is asked
 * for shortly, again and again, and the last time for long enough to see who
 * that is.
 */
static int
months_make(PGconn *conn)
{
    int              rc, tries;
    PGresult        *res;
    ctl_holder_t     holder;
    struct timespec  pause;

    pause.tv_sec = 0;
    pause.tv_nsec = PAUSE;

    for (tries = 1; ; tries++) {
        rc = months_try(conn, tries < TRIES ? "200ms" : "1s", &res, &holder);

        if (rc > 0 && tries < TRIES) {
            PQclear(res);
            (void) nanosleep(&pause, NULL);
            continue;
        }

        if (rc > 0) {
            rc = ctl_query_error(conn, res, &holder);
        }

        PQclear(res);

        return rc;
    }
}


/* 1: of a lock that was not to be had, *res says it. */
static int
months_try(PGconn *conn, const char *timeout, PGresult **res,
    ctl_holder_t *holder)
{
    int          rc;
    const char  *params[1];

    params[0] = timeout;
    *res = NULL;

    if (ctl_begin(conn, NULL) != 0
        || ctl_exec(conn, "SELECT set_config('lock_timeout', $1, true)", 1,
                    params) != 0)
    {
        ctl_rollback(conn);
        return -1;
    }

    *res = ctl_wait(conn, "SELECT pupil.audit_partitions()", 0, NULL, holder);

    if (PQresultStatus(*res) == PGRES_TUPLES_OK) {
        return ctl_commit(conn);
    }

    rc = ctl_locked(*res) ? 1 : ctl_query_error(conn, *res, holder);
    ctl_rollback(conn);

    return rc;
}


/* Returns their number, -1 for an error. */
static int
migrations_read(ctl_t *ctl, const kind_t *kind, migration_t **list)
{
    int              i, n, rc;
    ctl_buf_t        dir;
    struct dirent  **entries;

    ctl_buf_init(&dir);
    ctl_buf_printf(&dir, "%s/%s", ctl->opt.sql, kind->folder);

    n = scandir(dir.data, &entries, is_migration, alphasort);
    if (n <= 0) {
        ctl_error("no migrations in %s%s%s; see --sql", dir.data,
                  n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
        ctl_buf_free(&dir);
        return -1;
    }

    rc = 0;
    *list = ctl_pool_alloc(&ctl->pool, (size_t) n * sizeof(migration_t));

    for (i = 0; i < n; i++) {
        if (rc == 0) {
            rc = migration_read(ctl, dir.data, entries[i]->d_name,
                                &(*list)[i]);
        }

        if (rc == 0 && i > 0 && (*list)[i].number == (*list)[i - 1].number) {
            rc = ctl_error("%s: number %d is there twice", dir.data,
                           (*list)[i].number);
        }

        free(entries[i]);
    }

    free(entries);
    ctl_buf_free(&dir);

    return rc == 0 ? n : -1;
}


/* 001_name.sql */
static int
is_migration(const struct dirent *entry)
{
    size_t       len;
    const char  *name;

    name = entry->d_name;
    len = strlen(name);

    return len > 8 && strspn(name, "0123456789") == 3 && name[3] == '_'
           && strcmp(name + len - 4, ".sql") == 0;
}


static int
migration_read(ctl_t *ctl, const char *dir, const char *name, migration_t *m)
{
    size_t     len;
    uint8_t    sha256[crypto_hash_sha256_BYTES];
    ctl_buf_t  path;

    m->name = ctl_pool_text(&ctl->pool, name, strlen(name));
    m->number = (int) strtol(name, NULL, 10);

    ctl_buf_init(&path);
    ctl_buf_printf(&path, "%s/%s", dir, name);
    m->sql = ctl_file_read(&ctl->pool, path.data, &len);
    ctl_buf_free(&path);

    if (m->sql == NULL) {
        return -1;
    }

    crypto_hash_sha256(sha256, (uint8_t *) m->sql, len);
    ctl_bytea(sha256, sizeof(sha256), m->sha256);

    m->compatible = migration_compatible(m);

    if (strlen(m->sql) != len || m->compatible < 1
        || m->compatible > m->number)
    {
        return ctl_error("%s/%s: no migration", dir, name);
    }

    return 0;
}


/* The oldest program that may go on using the schema; it is on a line. */
static int
migration_compatible(const migration_t *m)
{
    const char  *mark;

    mark = strstr(m->sql, COMPATIBLE);

    if (mark == NULL || (mark != m->sql && mark[-1] != '\n')) {
        return m->number;
    }

    return (int) strtol(mark + sizeof(COMPATIBLE) - 1, NULL, 10);
}


static int
table_make(PGconn *conn, const kind_t *kind)
{
    int        rc;
    ctl_buf_t  sql;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "CREATE TABLE IF NOT EXISTS public.pupil_migration ("
                   "number integer PRIMARY KEY, name text NOT NULL,"
                   " compatible_from integer NOT NULL, sha256 bytea NOT NULL,"
                   " applied_at timestamptz NOT NULL DEFAULT now());"
                   "GRANT SELECT ON public.pupil_migration TO %s",
                   kind->readers);

    rc = ctl_exec(conn, sql.data, 0, NULL);
    ctl_buf_free(&sql);

    return rc;
}


/*
 * What was applied must be what is there, in order; numbers may leave gaps, as
 * work that goes on side by side has ranges of its own (docs/architecture.md).
 * Returns the place in the list of the first that was not applied.
 */
static int
applied_check(PGconn *conn, const kind_t *kind, const migration_t *list,
    int count)
{
    int        row, next;
    PGresult  *res;

    res = ctl_query(conn, "SELECT number, name, compatible_from, sha256 FROM"
                    " public.pupil_migration ORDER BY number", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    next = 0;

    for (row = 0; row < PQntuples(res) && next >= 0; row++) {
        next = row_check(res, row, kind, list, count);
    }

    PQclear(res);

    return next;
}


static int
row_check(const PGresult *res, int row, const kind_t *kind,
    const migration_t *list, int count)
{
    int                 number, newest;
    const migration_t  *m;

    number = ctl_get_int(res, row, 0, 0);
    newest = list[count - 1].number;

    if (number > newest) {
        return ctl_error("the %s has migration %d (%s), the newest known here"
                         " is %d: it is newer than this pupilctl, upgrade"
                         " Pupil", kind->what, number,
                         PQgetvalue(res, row, 1), newest);
    }

    m = &list[row];

    if (m->number > number) {
        return ctl_error("the %s has migration %d (%s), whose file is not"
                         " here: restore it", kind->what, number,
                         PQgetvalue(res, row, 1));
    }

    if (m->number < number) {
        return ctl_error("migration %s was not applied to the %s, and %d was:"
                         " give it a number above", m->name, kind->what,
                         number);
    }

    if (strcmp(PQgetvalue(res, row, 3), m->sha256) != 0) {
        return ctl_error("migration %s of the %s was edited after it was"
                         " applied: restore the file, and write a new one for"
                         " the change", m->name, kind->what);
    }

    return row + 1;
}


static int
migration_apply(PGconn *conn, const kind_t *kind, const migration_t *m)
{
    int          rc;
    char         number[16], compatible[16];
    PGresult    *before;
    const char  *params[4];

    snprintf(number, sizeof(number), "%d", m->number);
    snprintf(compatible, sizeof(compatible), "%d", m->compatible);

    params[0] = number;
    params[1] = m->name;
    params[2] = compatible;
    params[3] = m->sha256;

    before = NULL;

    rc = ctl_begin(conn, NULL) != 0 || ctl_objects_before(conn, &before) != 0
         || ctl_exec(conn, m->sql, 0, NULL) != 0
         || ctl_objects_made(conn, before) != 0
         || ctl_exec(conn, "INSERT INTO public.pupil_migration (number, name,"
                     " compatible_from, sha256) VALUES ($1::integer, $2,"
                     " $3::integer, $4::bytea)", 4, params) != 0
         || ctl_commit(conn) != 0 ? -1 : 0;

    PQclear(before);

    if (rc != 0) {
        ctl_rollback(conn);
        return ctl_error("migration %s of the %s failed; nothing of it was"
                         " applied", m->name, kind->what);
    }

    ctl_note("%s: applied %s", kind->what, m->name);

    return 0;
}
