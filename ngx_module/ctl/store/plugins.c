/*
 * Copyright (C) the Pupil authors
 *
 * Plugins as the operator sees them: which are there, what they grant, and
 * whether somebody has accepted that.
 */

#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/ctl.h"


static int
is_plugin(const struct dirent *entry)
{
    size_t  len = strlen(entry->d_name);

    return len > 9 && strncmp(entry->d_name, "pupil_", 6) == 0
           && strcmp(entry->d_name + len - 3, ".so") == 0;
}


/* Of several versions of a category the newest counts: files come sorted. */
static int
plugin_add(ctl_t *ctl, const char *path)
{
    int32_t            i;
    pupil_error_t      error;
    pupil_category_t  *category;

    if (pupil_category_load(path, NULL, &ctl->alloc, &category, &error)
        != PUPIL_OK)
    {
        return ctl_error("%s", error.text);
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


int
ctl_plugins_open(ctl_t *ctl)
{
    int              i, n, rc = 0;
    char            *dir;
    ctl_buf_t        path = { NULL, 0, 0 };
    pupil_str_t      document;
    struct dirent  **entries;

    if (ctl->policy.count != 0) {
        return 0;
    }

    dir = realpath(ctl->opt.plugins, NULL);
    n = dir == NULL ? -1 : scandir(dir, &entries, is_plugin, versionsort);
    if (n < 0) {
        ctl_error("plugins: %s: %s; see --plugins", ctl->opt.plugins,
                  strerror(errno));
        free(dir);
        return -1;
    }

    for (i = 0; i < n; i++) {
        if (rc == 0) {
            path.len = 0;
            ctl_buf_printf(&path, "%s/%s", dir, entries[i]->d_name);
            rc = plugin_add(ctl, ctl_pool_text(&ctl->pool, path.data,
                                               path.len));
        }
        free(entries[i]);
    }
    free(entries);
    free(dir);
    ctl_buf_free(&path);

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
    if (f < 0 || pupil_policy_grant(&ctl->policy, (uint32_t) c, (uint32_t) f,
                                    purpose, PUPIL_RELATION_SYSTEM, operation)
                 == NULL)
    {
        return -1;
    }

    if (found != NULL) {
        *found = ctl->policy.categories[c];
    }

    return f;
}


/* One object a grant and field, so that sets can be compared. */
json_t *
ctl_plugin_grants(const pupil_plugin_t *plugin)
{
    size_t                 len;
    uint32_t               i;
    json_t                *list;
    const char            *p;
    const pupil_grant_t   *grant;

    list = json_array();
    for (i = 0; i < plugin->grants_count; i++) {
        grant = &plugin->grants[i];
        for (p = grant->fields; *p != '\0'; p += len) {
            p += *p == ' ';
            len = strcspn(p, " ");
            json_array_append_new(list,
                json_pack("{s:s%,s:s,s:s,s:s,s:s,s:b}", "field", p, len,
                    "purpose", pupil_purpose_name(grant->purpose),
                    "relation", pupil_relation_name(grant->relation),
                    "operation", pupil_operation_name(grant->operation),
                    "basis", pupil_basis_name(grant->basis), "projected",
                    (grant->flags & PUPIL_GRANT_PROJECTED) != 0));
        }
    }

    return list;
}


static int
same_member(const json_t *a, const json_t *b, const char *name)
{
    return json_equal(json_object_get(a, name), json_object_get(b, name));
}


/* accepted covers grant; what shows the whole value covers a projection. */
static int
covers(const json_t *accepted, const json_t *grant)
{
    return same_member(accepted, grant, "field")
           && same_member(accepted, grant, "purpose")
           && same_member(accepted, grant, "relation")
           && same_member(accepted, grant, "operation")
           && (json_is_true(json_object_get(grant, "projected"))
               || !json_is_true(json_object_get(accepted, "projected")));
}


char *
ctl_plugin_wider(ctl_pool_t *pool, json_t *accepted, json_t *now)
{
    int        found;
    char       text[256];
    size_t     i, k;
    json_t    *grant, *old;

    json_array_foreach(now, i, grant) {
        found = 0;
        json_array_foreach(accepted, k, old) {
            found |= covers(old, grant);
        }

        if (!found) {
            snprintf(text, sizeof(text), "%s %s for %s through %s%s",
                     json_string_value(json_object_get(grant, "operation")),
                     json_string_value(json_object_get(grant, "field")),
                     json_string_value(json_object_get(grant, "purpose")),
                     json_string_value(json_object_get(grant, "relation")),
                     json_is_true(json_object_get(grant, "projected"))
                     ? " (projected)" : "");
            return ctl_pool_text(pool, text, strlen(text));
        }
    }

    return NULL;
}


int
ctl_plugin_accept(ctl_t *ctl, PGconn *conn, const pupil_plugin_t *plugin)
{
    int          rc;
    char        *text;
    json_t      *grants;
    ctl_buf_t    who = { NULL, 0, 0 };
    const char  *params[4];

    grants = ctl_plugin_grants(plugin);
    text = json_dumps(grants, JSON_COMPACT);
    ctl_buf_printf(&who, "%s%s%s", ctl->account,
                   ctl->opt.ticket != NULL ? " ticket=" : "",
                   ctl->opt.ticket != NULL ? ctl->opt.ticket : "");
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


static json_t *
plugin_entry(ctl_t *ctl, PGconn *conn, uint32_t i)
{
    char                  *wider;
    json_t                *entry, *accepted = NULL, *grants;
    PGresult              *res;
    const char            *params[1];
    const pupil_plugin_t  *plugin = ctl->policy.categories[i]->plugin;

    params[0] = plugin->name;
    res = ctl_query(conn, "SELECT version, grants, accepted_by FROM"
                    " pupil.plugin WHERE category = $1", 1, params);
    if (res == NULL) {
        return NULL;
    }

    if (PQntuples(res) == 1) {
        accepted = json_loads(PQgetvalue(res, 0, 1), 0, NULL);
    }
    grants = ctl_plugin_grants(plugin);
    wider = ctl_plugin_wider(&ctl->pool, accepted, grants);
    entry = json_pack("{s:s,s:s,s:s,s:s,s:b,s:s?,s:o}", "category",
                      plugin->name, "version", plugin->version, "summary",
                      plugin->summary, "file", ctl->plugin_files[i],
                      "accepted", wider == NULL, "not_accepted", wider,
                      "grants", grants);
    json_decref(accepted);
    PQclear(res);

    return entry;
}


int
ctl_cmd_plugin_list(ctl_t *ctl)
{
    size_t     n;
    json_t    *list, *entry;
    uint32_t   i;

    if (ctl_open_data(ctl) != 0 || ctl_plugins_open(ctl) != 0) {
        return CTL_FAILED;
    }

    list = json_array();
    for (i = 0; i < ctl->policy.count; i++) {
        entry = plugin_entry(ctl, ctl->data, i);
        if (entry == NULL) {
            json_decref(list);
            return CTL_FAILED;
        }
        json_array_append_new(list, entry);
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:o}", "plugins", list));
        return CTL_DONE;
    }

    json_array_foreach(list, n, entry) {
        const char  *open;

        open = json_string_value(json_object_get(entry, "not_accepted"));
        printf("%-12s %-8s %s%s\n",
               json_string_value(json_object_get(entry, "category")),
               json_string_value(json_object_get(entry, "version")),
               open == NULL ? "accepted" : "not accepted: ",
               open == NULL ? "" : open);
    }
    json_decref(list);

    return CTL_DONE;
}


int
ctl_cmd_plugin_accept(ctl_t *ctl)
{
    int                rc;
    char              *path;
    pupil_error_t      error;
    pupil_category_t  *category;

    if (ctl_open_data(ctl) != 0) {
        return CTL_FAILED;
    }

    path = realpath(ctl->args[0], NULL);
    if (path == NULL) {
        ctl_error("%s: %s", ctl->args[0], strerror(errno));
        return CTL_FAILED;
    }

    if (pupil_category_load(path, NULL, &ctl->alloc, &category, &error)
        != PUPIL_OK)
    {
        free(path);
        ctl_error("%s", error.text);
        return CTL_FAILED;
    }
    free(path);

    rc = ctl_plugin_accept(ctl, ctl->data, category->plugin);
    if (rc == 0 && ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s}", "category",
                                 category->plugin->name, "version",
                                 category->plugin->version));
    } else if (rc == 0) {
        printf("accepted: %s %s, %u grants\n", category->plugin->name,
               category->plugin->version, category->plugin->grants_count);
    }
    pupil_category_unload(category);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}
