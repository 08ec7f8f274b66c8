/*
 * Copyright (C) the Pupil authors
 *
 * The SQL files of plugins, each applied again when its content is another
 * than the one that was applied last.
 */

#include <glob.h>
#include <sodium.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/base/literal.h"
#include "ctl/setup/accepted.h"
#include "ctl/setup/plugin_sql.h"
#include "ctl/store/objects.h"
#include "ctl/store/plugins.h"


typedef struct {
    char  *category;            /* by the file's name */
    char  *sql;
    char   sha256[CTL_BYTEA_SIZE(crypto_hash_sha256_BYTES)];
} file_t;

/* How a file stands to what the database says was applied. */
typedef enum {
    FILE_ERROR = -1,
    FILE_NEW,
    FILE_CHANGED,
    FILE_APPLIED
} file_state_t;


static int files_find(ctl_t *ctl, glob_t *found);
static int file_apply(ctl_t *ctl, PGconn *conn, const char *path);
static int file_read(ctl_t *ctl, const char *path, file_t *file);
static file_state_t file_state(PGconn *conn, const file_t *file);
static int file_register(ctl_t *ctl, PGconn *conn, const file_t *file,
    file_state_t state);
static int plugin_renew(ctl_t *ctl, PGconn *conn, pupil_str_t accepted,
    uint32_t i);


int
ctl_plugin_sql_apply(ctl_t *ctl, PGconn *conn)
{
    int      rc;
    size_t   i;
    glob_t   found;

    rc = 0;

    if (ctl->opt.plugin_sql_count != 0) {
        for (i = 0; i < ctl->opt.plugin_sql_count && rc == 0; i++) {
            rc = file_apply(ctl, conn, ctl->opt.plugin_sql[i]);
        }

        return rc;
    }

    if (!files_find(ctl, &found)) {
        return 0;
    }

    for (i = 0; i < found.gl_pathc && rc == 0; i++) {
        rc = file_apply(ctl, conn, found.gl_pathv[i]);
    }

    globfree(&found);

    return rc;
}


/* As installed, else as in the sources. */
static int
files_find(ctl_t *ctl, glob_t *found)
{
    int        none;
    ctl_buf_t  pattern;

    ctl_buf_init(&pattern);

    ctl_buf_printf(&pattern, "%s/plugins/*/*.sql", ctl->opt.sql);
    none = glob(pattern.data, 0, NULL, found);

    if (none) {
        ctl_buf_reset(&pattern);
        ctl_buf_printf(&pattern, "%s/../plugins/*/*.sql", ctl->opt.sql);
        none = glob(pattern.data, 0, NULL, found);
    }

    ctl_buf_free(&pattern);

    return !none;
}


static int
file_apply(ctl_t *ctl, PGconn *conn, const char *path)
{
    int            rc;
    file_t         file;
    PGresult      *before;
    file_state_t   state;

    if (file_read(ctl, path, &file) != 0) {
        return -1;
    }

    state = file_state(conn, &file);

    if (state == FILE_ERROR) {
        return -1;
    }

    if (state == FILE_APPLIED) {
        return 0;
    }

    before = NULL;

    rc = ctl_begin(conn, NULL) != 0 || ctl_objects_before(conn, &before) != 0
         || ctl_exec(conn, file.sql, 0, NULL) != 0
         || ctl_objects_made(conn, before) != 0
         || file_register(ctl, conn, &file, state) != 0
         || ctl_commit(conn) != 0 ? -1 : 0;

    PQclear(before);

    if (rc != 0) {
        ctl_rollback(conn);
        return ctl_error("%s failed; nothing of it was applied", path);
    }

    ctl_note("data database: applied %s", path);

    return 0;
}


static int
file_read(ctl_t *ctl, const char *path, file_t *file)
{
    size_t       len;
    uint8_t      sha256[crypto_hash_sha256_BYTES];
    const char  *base;

    base = strrchr(path, '/');
    base = base == NULL ? path : base + 1;

    file->category = ctl_pool_text(&ctl->pool, base, strcspn(base, "."));

    file->sql = ctl_file_read(&ctl->pool, path, &len);
    if (file->sql == NULL) {
        return -1;
    }

    crypto_hash_sha256(sha256, (uint8_t *) file->sql, len);
    ctl_bytea(sha256, sizeof(sha256), file->sha256);

    return 0;
}


static file_state_t
file_state(PGconn *conn, const file_t *file)
{
    PGresult      *res;
    const char    *params[2];
    file_state_t   state;

    params[0] = file->category;
    params[1] = file->sha256;

    res = ctl_query(conn, "SELECT coalesce(sql_sha256 = $2::bytea, false)"
                    " FROM pupil.plugin WHERE category = $1", 2, params);
    if (res == NULL) {
        return FILE_ERROR;
    }

    if (PQntuples(res) == 0) {
        state = FILE_NEW;

    } else if (PQgetvalue(res, 0, 0)[0] == 't') {
        state = FILE_APPLIED;

    } else {
        state = FILE_CHANGED;
    }

    PQclear(res);

    return state;
}


/*
 * In the transaction that applied it.  Whoever installs a new plugin accepts
 * what it grants.
 */
static int
file_register(ctl_t *ctl, PGconn *conn, const file_t *file,
    file_state_t state)
{
    const char        *params[2];
    pupil_category_t  *plugin;

    plugin = ctl_plugin_find(ctl, file->category);

    if (plugin == NULL) {
        ctl_note("plugin %s: its grants are not accepted, as it is not in %s;"
                 " run pupilctl plugin accept FILE", file->category,
                 ctl->opt.plugins);

    } else if (state == FILE_NEW
               && (ctl_plugin_accept(ctl, conn, plugin->plugin) != 0
                   || ctl_accepted_put_new(ctl, plugin->plugin) != 0))
    {
        return -1;
    }

    params[0] = file->category;
    params[1] = file->sha256;

    return ctl_exec(conn, "INSERT INTO pupil.plugin (category, version,"
                    " grants, sql_sha256, accepted_by) VALUES ($1, '', '[]',"
                    " $2::bytea, '') ON CONFLICT (category) DO UPDATE SET"
                    " sql_sha256 = EXCLUDED.sql_sha256", 2, params);
}


int
ctl_plugin_sql_renew(ctl_t *ctl, PGconn *conn)
{
    uint32_t     i;
    pupil_str_t  accepted;

    accepted = ctl_plugins_accepted(ctl, conn);
    if (accepted.data == NULL) {
        return -1;
    }

    for (i = 0; i < ctl->policy.count; i++) {
        if (plugin_renew(ctl, conn, accepted, i) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
plugin_renew(ctl_t *ctl, PGconn *conn, pupil_str_t accepted, uint32_t i)
{
    int                    changed;
    json_t                *before, *now;
    PGresult              *res;
    const char            *params[1];
    pupil_error_t          wider;
    const pupil_plugin_t  *plugin;

    plugin = ctl->policy.categories[i]->plugin;
    params[0] = plugin->name;

    res = ctl_query(conn, "SELECT grants, version FROM pupil.plugin WHERE"
                    " category = $1", 1, params);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) == 0) {
        PQclear(res);
        return 0;
    }

    before = json_loads(PQgetvalue(res, 0, 0), 0, NULL);
    now = ctl_plugin_grants(plugin);
    changed = strcmp(PQgetvalue(res, 0, 1), plugin->version) != 0
              || !json_equal(before, now);

    json_decref(before);
    json_decref(now);
    PQclear(res);

    if (pupil_accepted_covers(accepted, ctl->policy.categories[i], &wider)
        != PUPIL_OK)
    {
        ctl_note("plugin %s %s grants more than was accepted (%s): run"
                 " pupilctl plugin accept %s", plugin->name, plugin->version,
                 wider.text, ctl->plugin_files[i]);
        return 0;
    }

    return changed ? ctl_plugin_accept(ctl, conn, plugin) : 0;
}
