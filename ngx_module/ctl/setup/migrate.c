/*
 * Copyright (C) the Pupil authors
 *
 * Migrations: numbered files, each in a transaction of its own with its row
 * of public.pupil_migration, so that what was applied is known, and that two
 * at once wait for each other.  The SQL files of plugins likewise, by their
 * content.
 */

#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoints/database.h"
#include "ctl/base/ctl.h"


#define LOCK        "1347760177"        /* "PUP1" */
#define COMPATIBLE  "-- compatible_from: "

typedef struct {
    int          number, compatible;
    const char  *name;
    char        *sql;
    char         sha256[67];
} migration_t;

typedef struct {
    const char  *what;          /* for messages */
    const char  *folder;        /* below --sql */
    const char  *owner;
    const char  *readers;
} kind_t;


static const kind_t  kind_data = {
    "data database", "data", "pupil_owner", "pupil_gateway, pupil_operator"
};

static const kind_t  kind_keystore = {
    "key store", "keystore", "pupil_keystore_owner",
    "pupil_keeper, pupil_operator"
};


static void
sha256_text(const void *data, size_t len, char out[67])
{
    uint8_t  hash[32];

    ctl_sha256(data, len, hash);
    memcpy(out, "\\x", 2);
    pupil_hex_encode(hash, 32, (uint8_t *) out + 2);
    out[66] = '\0';
}


int
ctl_schema_version(PGconn *conn, int *compatible)
{
    int        version;
    PGresult  *res;

    *compatible = 0;
    res = ctl_query(conn, "SELECT to_regclass('public.pupil_migration')", 0,
                    NULL);
    if (res == NULL) {
        return -1;
    }
    if (PQgetisnull(res, 0, 0)) {
        PQclear(res);
        return 0;
    }
    PQclear(res);

    res = ctl_query(conn, pupil_schema_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    version = ctl_get_int(res, 0, 0, 0);
    *compatible = ctl_get_int(res, 0, 1, 0);
    PQclear(res);

    return version;
}


static int
is_migration(const struct dirent *entry)
{
    const char  *name = entry->d_name;
    size_t       len = strlen(name);

    return len > 8 && strspn(name, "0123456789") == 3 && name[3] == '_'
           && strcmp(name + len - 4, ".sql") == 0;
}


static int
migration_read(ctl_t *ctl, const char *dir, const char *name, migration_t *m)
{
    int         rc = 0;
    size_t      len;
    ctl_buf_t   path = { NULL, 0, 0 };
    const char *mark;

    ctl_buf_printf(&path, "%s/%s", dir, name);
    m->name = ctl_pool_text(&ctl->pool, name, strlen(name));
    m->number = (int) strtol(name, NULL, 10);
    m->sql = ctl_file_read(&ctl->pool, path.data, &len);
    ctl_buf_free(&path);
    if (m->sql == NULL) {
        return -1;
    }

    sha256_text(m->sql, len, m->sha256);
    m->compatible = m->number;
    mark = strstr(m->sql, COMPATIBLE);
    if (mark != NULL && (mark == m->sql || mark[-1] == '\n')) {
        m->compatible = (int) strtol(mark + sizeof(COMPATIBLE) - 1, NULL, 10);
    }
    if (strlen(m->sql) != len || m->compatible < 1
        || m->compatible > m->number)
    {
        rc = ctl_error("%s/%s: no migration", dir, name);
    }

    return rc;
}


/* Returns their number, -1 for an error. */
static int
migrations_read(ctl_t *ctl, const kind_t *kind, migration_t **list)
{
    int              i, n, rc = 0;
    ctl_buf_t        dir = { NULL, 0, 0 };
    struct dirent  **entries;

    ctl_buf_printf(&dir, "%s/%s", ctl->opt.sql, kind->folder);
    n = scandir(dir.data, &entries, is_migration, alphasort);
    if (n <= 0) {
        ctl_error("no migrations in %s%s%s; see --sql", dir.data,
                  n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
        ctl_buf_free(&dir);
        return -1;
    }

    *list = ctl_pool_alloc(&ctl->pool, (size_t) n * sizeof(migration_t));
    for (i = 0; i < n; i++) {
        if (rc == 0) {
            rc = migration_read(ctl, dir.data, entries[i]->d_name,
                                &(*list)[i]);
        }
        if (rc == 0 && (*list)[i].number != i + 1) {
            rc = ctl_error("%s: number %d is missing", dir.data, i + 1);
        }
        free(entries[i]);
    }
    free(entries);
    ctl_buf_free(&dir);

    return rc == 0 ? n : -1;
}


static int
table_make(PGconn *conn, const kind_t *kind)
{
    int        rc;
    ctl_buf_t  sql = { NULL, 0, 0 };

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


/* What was applied must be what is there; returns the next number. */
static int
applied_check(PGconn *conn, const kind_t *kind, const migration_t *list,
    int count)
{
    int          row, number, next = 1;
    PGresult    *res;

    res = ctl_query(conn, "SELECT number, name, compatible_from, sha256 FROM"
                    " public.pupil_migration ORDER BY number", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        number = ctl_get_int(res, row, 0, 0);
        if (number > count) {
            ctl_error("the %s has migration %d (%s), the newest known here"
                      " is %d: it is newer than this pupilctl, upgrade Pupil",
                      kind->what, number, PQgetvalue(res, row, 1), count);
            next = -1;
            break;
        }
        if (strcmp(PQgetvalue(res, row, 3), list[number - 1].sha256) != 0) {
            ctl_error("migration %s of the %s was edited after it was"
                      " applied: restore the file, and write a new one for"
                      " the change", list[number - 1].name, kind->what);
            next = -1;
            break;
        }
        next = number + 1;
    }
    PQclear(res);

    return next;
}


static int
migration_apply(PGconn *conn, const kind_t *kind, const migration_t *m)
{
    char         number[16], compatible[16];
    const char  *params[4];

    snprintf(number, sizeof(number), "%d", m->number);
    snprintf(compatible, sizeof(compatible), "%d", m->compatible);
    params[0] = number;
    params[1] = m->name;
    params[2] = compatible;
    params[3] = m->sha256;

    if (ctl_begin(conn, NULL) == 0 && ctl_exec(conn, m->sql, 0, NULL) == 0
        && ctl_exec(conn, "INSERT INTO public.pupil_migration (number, name,"
                    " compatible_from, sha256) VALUES ($1::integer, $2,"
                    " $3::integer, $4::bytea)", 4, params) == 0
        && ctl_commit(conn) == 0)
    {
        ctl_note("%s: applied %s", kind->what, m->name);
        return 0;
    }

    ctl_rollback(conn);

    return ctl_error("migration %s of the %s failed; nothing of it was"
                     " applied", m->name, kind->what);
}


static int
migrate(ctl_t *ctl, PGconn *conn, const kind_t *kind)
{
    int           count, next;
    migration_t  *list;

    count = migrations_read(ctl, kind, &list);
    if (count < 0
        || ctl_exec(conn, "SELECT pg_advisory_lock(" LOCK ")", 0, NULL) != 0
        || ctl_become(conn, kind->owner) != 0 || table_make(conn, kind) != 0)
    {
        return -1;
    }

    next = applied_check(conn, kind, list, count);
    if (next < 0) {
        return -1;
    }

    for ( /* void */ ; next <= count; next++) {
        if (migration_apply(conn, kind, &list[next - 1]) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
unlock(PGconn *conn)
{
    return ctl_exec(conn, "SELECT pg_advisory_unlock(" LOCK ")", 0, NULL) == 0
           && ctl_exec(conn, "RESET ROLE", 0, NULL) == 0 ? 0 : -1;
}


int
ctl_migrate_keystore(ctl_t *ctl, PGconn *conn)
{
    return migrate(ctl, conn, &kind_keystore) == 0 ? unlock(conn) : -1;
}


/* In the transaction that applied the plugin's SQL. */
static int
plugin_register(ctl_t *ctl, PGconn *conn, const char *category,
    const char *sha256, int fresh)
{
    const char        *params[2];
    pupil_category_t  *plugin;

    plugin = ctl_plugin_find(ctl, category);
    if (plugin != NULL && fresh) {
        if (ctl_plugin_accept(ctl, conn, plugin->plugin) != 0) {
            return -1;
        }
    } else if (plugin == NULL) {
        ctl_note("plugin %s: its grants are not accepted, as it is not in %s;"
                 " run pupilctl plugin accept FILE", category,
                 ctl->opt.plugins);
    }

    params[0] = category;
    params[1] = sha256;

    return ctl_exec(conn, "INSERT INTO pupil.plugin (category, version,"
                    " grants, sql_sha256, accepted_by) VALUES ($1, '', '[]',"
                    " $2::bytea, '') ON CONFLICT (category) DO UPDATE SET"
                    " sql_sha256 = EXCLUDED.sql_sha256", 2, params);
}


static int
plugin_sql(ctl_t *ctl, PGconn *conn, const char *path)
{
    int          fresh, known;
    char        *sql, *category, sha256[67];
    size_t       len;
    PGresult    *res;
    const char  *params[2], *base;

    base = strrchr(path, '/');
    base = base == NULL ? path : base + 1;
    category = ctl_pool_text(&ctl->pool, base, strcspn(base, "."));
    sql = ctl_file_read(&ctl->pool, path, &len);
    if (sql == NULL) {
        return -1;
    }
    sha256_text(sql, len, sha256);

    params[0] = category;
    params[1] = sha256;
    res = ctl_query(conn, "SELECT coalesce(sql_sha256 = $2::bytea, false)"
                    " FROM pupil.plugin WHERE category = $1", 2, params);
    if (res == NULL) {
        return -1;
    }
    fresh = PQntuples(res) == 0;
    known = !fresh && PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);
    if (known) {
        return 0;
    }

    if (ctl_begin(conn, NULL) == 0 && ctl_exec(conn, sql, 0, NULL) == 0
        && plugin_register(ctl, conn, category, sha256, fresh) == 0
        && ctl_commit(conn) == 0)
    {
        ctl_note("data database: applied %s", path);
        return 0;
    }

    ctl_rollback(conn);

    return ctl_error("%s failed; nothing of it was applied", path);
}


/* A newer plugin that grants no more than before needs nobody's yes. */
static int
plugins_renew(ctl_t *ctl, PGconn *conn)
{
    int                    rc = 0;
    char                  *wider;
    json_t                *accepted, *grants;
    uint32_t               i;
    PGresult              *res;
    const char            *params[1];
    const pupil_plugin_t  *plugin;

    for (i = 0; rc == 0 && i < ctl->policy.count; i++) {
        plugin = ctl->policy.categories[i]->plugin;
        params[0] = plugin->name;
        res = ctl_query(conn, "SELECT grants, version FROM pupil.plugin WHERE"
                        " category = $1", 1, params);
        if (res == NULL) {
            return -1;
        }
        if (PQntuples(res) == 0) {
            PQclear(res);
            continue;
        }

        accepted = json_loads(PQgetvalue(res, 0, 0), 0, NULL);
        grants = ctl_plugin_grants(plugin);
        wider = ctl_plugin_wider(&ctl->pool, accepted, grants);
        if (wider != NULL) {
            ctl_note("plugin %s %s grants more than was accepted (%s): run"
                     " pupilctl plugin accept %s", plugin->name,
                     plugin->version, wider, ctl->plugin_files[i]);
        } else if (strcmp(PQgetvalue(res, 0, 1), plugin->version) != 0) {
            rc = ctl_plugin_accept(ctl, conn, plugin);
        }
        json_decref(accepted);
        json_decref(grants);
        PQclear(res);
    }

    return rc;
}


static int
plugins_sql(ctl_t *ctl, PGconn *conn)
{
    int         rc = 0;
    size_t      i;
    glob_t      found;
    ctl_buf_t   pattern = { NULL, 0, 0 };

    if (ctl->opt.plugin_sql_count != 0) {
        for (i = 0; rc == 0 && i < ctl->opt.plugin_sql_count; i++) {
            rc = plugin_sql(ctl, conn, ctl->opt.plugin_sql[i]);
        }
        return rc;
    }

    /* as installed, else as in the sources */
    ctl_buf_printf(&pattern, "%s/plugins/*/*.sql", ctl->opt.sql);
    if (glob(pattern.data, 0, NULL, &found) != 0) {
        pattern.len = 0;
        ctl_buf_printf(&pattern, "%s/../plugins/*/*.sql", ctl->opt.sql);
        if (glob(pattern.data, 0, NULL, &found) != 0) {
            ctl_buf_free(&pattern);
            return 0;
        }
    }
    ctl_buf_free(&pattern);

    for (i = 0; rc == 0 && i < found.gl_pathc; i++) {
        rc = plugin_sql(ctl, conn, found.gl_pathv[i]);
    }
    globfree(&found);

    return rc;
}


int
ctl_migrate_data(ctl_t *ctl, PGconn *conn)
{
    if (ctl_plugins_open(ctl) != 0 || migrate(ctl, conn, &kind_data) != 0
        || plugins_sql(ctl, conn) != 0 || plugins_renew(ctl, conn) != 0
        || ctl_exec(conn, "SELECT pupil.audit_partitions()", 0, NULL) != 0)
    {
        return -1;
    }

    return unlock(conn);
}


int
ctl_cmd_migrate(ctl_t *ctl)
{
    int      rc = CTL_FAILED;
    PGconn  *data = NULL, *keys = NULL;

    if (ctl->opt.database == NULL && ctl->opt.keystore == NULL) {
        ctl_error("--database, --keystore or both are needed");
        return CTL_USAGE;
    }

    if (ctl->opt.database != NULL) {
        data = ctl_connect(ctl->opt.database, "data database");
        if (data == NULL || ctl_migrate_data(ctl, data) != 0) {
            goto done;
        }
    }

    if (ctl->opt.keystore != NULL) {
        keys = ctl_connect(ctl->opt.keystore, "key store");
        if (keys == NULL || ctl_migrate_keystore(ctl, keys) != 0) {
            goto done;
        }
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
