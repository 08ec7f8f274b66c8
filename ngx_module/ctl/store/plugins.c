/*
 * Copyright (C) the Pupil authors
 *
 * Plugins as the operator sees them: which are there, what they grant, and
 * whether somebody has accepted that.
 */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoints/database.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/store/plugins.h"


static int plugins_load(ctl_t *ctl, const char *dir);
static int is_plugin(const struct dirent *entry);
static int is_older(const char *name, const char *next);
static int plugin_add(ctl_t *ctl, const char *path);
static int is_bound(const pupil_plugin_t *plugin);
static int is_indexed(const pupil_plugin_t *plugin, const char *name,
    size_t len);


int
ctl_plugins_open(ctl_t *ctl)
{
    int           rc;
    char         *dir;
    pupil_str_t   document;

    if (ctl->policy.count != 0) {
        return 0;
    }

    dir = realpath(ctl->opt.plugins, NULL);
    rc = plugins_load(ctl, dir);
    free(dir);

    if (rc != 0) {
        return -1;
    }

    if (pupil_policy_document(&ctl->policy, &ctl->alloc, &document,
                              ctl->policy_hash) != PUPIL_OK)
    {
        return ctl_error("the policy cannot be written");
    }

    ctl->policy_document = ctl_pool_str(&ctl->pool, document.data,
                                        document.len);

    return 0;
}


/* dir: NULL for a folder that is not there, errno says why. */
static int
plugins_load(ctl_t *ctl, const char *dir)
{
    int              i, n, rc;
    ctl_buf_t        path;
    struct dirent  **entries;

    n = dir == NULL ? -1 : scandir(dir, &entries, is_plugin, versionsort);
    if (n < 0) {
        return ctl_error("plugins: %s: %s; see --plugins", ctl->opt.plugins,
                         strerror(errno));
    }

    rc = 0;
    ctl_buf_init(&path);

    for (i = 0; i < n; i++) {
        if (rc == 0
            && (i + 1 == n
                || !is_older(entries[i]->d_name, entries[i + 1]->d_name)))
        {
            ctl_buf_reset(&path);
            ctl_buf_printf(&path, "%s/%s", dir, entries[i]->d_name);
            rc = plugin_add(ctl, ctl_pool_text(&ctl->pool, path.data,
                                               path.len));
        }

        free(entries[i]);
    }

    free(entries);
    ctl_buf_free(&path);

    return rc;
}


/* pupil_<category>.so, or pupil_<category>-<version>.so as installed. */
static int
is_plugin(const struct dirent *entry)
{
    size_t       len;
    const char  *name;

    name = entry->d_name;
    len = strlen(name);

    return len > 9 && strncmp(name, "pupil_", 6) == 0
           && strcmp(name + len - 3, ".so") == 0;
}


/*
 * Whether a file is an earlier version of the next one: files come sorted.  It
 * is not loaded, as the program of now need not be able to.
 */
static int
is_older(const char *name, const char *next)
{
    size_t  len;

    len = strcspn(name, "-.");

    return strcspn(next, "-.") == len && memcmp(name, next, len) == 0;
}


/* Of two names of one category the later counts. */
static int
plugin_add(ctl_t *ctl, const char *path)
{
    int32_t            i;
    pupil_error_t      error;
    pupil_category_t  *category;

    if (pupil_category_load(path, NULL, &ctl->alloc, &category, &error)
        != PUPIL_OK)
    {
        return strstr(error.text, path) != NULL
               ? ctl_error("%s", error.text)
               : ctl_error("%s: %s", path, error.text);
    }

    i = pupil_policy_category(&ctl->policy, category->name);

    if (i >= 0) {
        pupil_category_unload(ctl->policy.categories[i]);
        ctl->policy.categories[i] = category;
        ctl->plugin_files[i] = path;
        return 0;
    }

    if (pupil_policy_add(&ctl->policy, category, &error) != PUPIL_OK) {
        pupil_category_unload(category);
        return ctl_error("%s", error.text);
    }

    ctl->plugin_files[ctl->policy.count - 1] = path;

    return 0;
}


pupil_category_t *
ctl_plugin_find(ctl_t *ctl, const char *category)
{
    int32_t  i;

    i = pupil_policy_category(&ctl->policy, ctl_str(category));

    return i < 0 ? NULL : ctl->policy.categories[i];
}


int32_t
ctl_granted(const ctl_t *ctl, const char *category, const char *field,
    uint32_t purpose, uint32_t operation, pupil_category_t **found)
{
    int32_t  c, f;

    c = pupil_policy_category(&ctl->policy, ctl_str(category));
    if (c < 0) {
        return -1;
    }

    f = pupil_category_field(ctl->policy.categories[c], ctl_str(field));
    if (f < 0) {
        return -1;
    }

    if (pupil_policy_grant(&ctl->policy, (uint32_t) c, (uint32_t) f, purpose,
                           PUPIL_RELATION_SYSTEM, operation) == NULL)
    {
        return -1;
    }

    if (found != NULL) {
        *found = ctl->policy.categories[c];
    }

    return f;
}


/* Whether its records have facts. */
static int
is_bound(const pupil_plugin_t *plugin)
{
    uint32_t  i;

    for (i = 0; i < plugin->fields_count; i++) {
        if (plugin->fields[i].flags & PUPIL_FIELD_BOUND) {
            return 1;
        }
    }

    return 0;
}


/* Whether a field, named by so many bytes, has a blind index. */
static int
is_indexed(const pupil_plugin_t *plugin, const char *name, size_t len)
{
    uint32_t              i;
    const pupil_field_t  *field;

    for (i = 0; i < plugin->fields_count; i++) {
        field = &plugin->fields[i];

        if (strlen(field->name) == len && memcmp(field->name, name, len) == 0)
        {
            return (field->flags & PUPIL_FIELD_INDEXED) != 0;
        }
    }

    return 0;
}


json_t *
ctl_plugin_grants(const pupil_plugin_t *plugin)
{
    size_t                len;
    json_t               *list, *entry;
    uint32_t              i;
    const char           *p;
    const pupil_grant_t  *grant;

    list = json_array();

    for (i = 0; i < plugin->grants_count; i++) {
        grant = &plugin->grants[i];

        for (p = grant->fields; *p != '\0'; p += len) {
            if (*p == ' ') {
                p++;
            }

            len = strcspn(p, " ");
            entry = json_pack("{s:s%,s:b,s:b,s:s,s:s,s:s,s:s,s:b}",
                "field", p, len,
                "bound", is_bound(plugin),
                "indexed", is_indexed(plugin, p, len),
                "purpose", pupil_purpose_name(grant->purpose),
                "relation", pupil_relation_name(grant->relation),
                "operation", pupil_operation_name(grant->operation),
                "basis", pupil_basis_name(grant->basis),
                "projected", (grant->flags & PUPIL_GRANT_PROJECTED) != 0);
            json_array_append_new(list, entry);
        }
    }

    return list;
}


pupil_str_t
ctl_plugins_accepted(ctl_t *ctl, PGconn *conn)
{
    PGresult     *res;
    pupil_str_t   accepted;

    accepted.data = NULL;
    accepted.len = 0;

    res = ctl_query_one(conn, pupil_accepted_sql, 0, NULL);

    if (res != NULL) {
        accepted = ctl_str(ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, 0),
                                         (size_t) PQgetlength(res, 0, 0)));
    }

    PQclear(res);

    return accepted;
}


int
ctl_plugin_accept(ctl_t *ctl, PGconn *conn, const pupil_plugin_t *plugin)
{
    int          rc;
    char        *text;
    json_t      *grants;
    ctl_buf_t    who;
    const char  *params[4];

    grants = ctl_plugin_grants(plugin);
    text = json_dumps(grants, JSON_COMPACT);

    ctl_buf_init(&who);
    ctl_buf_text(&who, ctl->account);

    if (ctl->opt.ticket != NULL) {
        ctl_buf_printf(&who, " ticket=%s", ctl->opt.ticket);
    }

    params[0] = plugin->name;
    params[1] = plugin->version;
    params[2] = text;
    params[3] = who.data;

    rc = ctl_exec(conn, "INSERT INTO pupil.plugin (category, version, grants,"
                  " accepted_by) VALUES ($1, $2, $3::jsonb, $4)"
                  " ON CONFLICT (category) DO UPDATE SET version ="
                  " EXCLUDED.version, grants = EXCLUDED.grants, accepted_at ="
                  " now(), accepted_by = EXCLUDED.accepted_by", 4, params);

    free(text);
    json_decref(grants);
    ctl_buf_free(&who);

    return rc;
}
