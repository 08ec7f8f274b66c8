/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl plugin list and accept: which plugins are there, and whether the
 * operator has accepted what they grant.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/base/text.h"
#include "ctl/setup/accepted.h"
#include "ctl/setup/plugin.h"
#include "ctl/store/plugins.h"


#define PLUGIN_LINE  "%-12s %-8s %s%s\n"


static json_t *plugin_entry(ctl_t *ctl, pupil_str_t accepted,
    pupil_str_t file, uint32_t i);
static void plugin_print(const json_t *entry);
static int table_check(ctl_t *ctl, const pupil_plugin_t *plugin);


int
ctl_cmd_plugin_list(ctl_t *ctl)
{
    size_t        n;
    json_t       *list, *entry;
    uint32_t      i;
    pupil_str_t   accepted, file;

    if (ctl_open_data(ctl) != 0 || ctl_plugins_open(ctl) != 0) {
        return CTL_FAILED;
    }

    accepted = ctl_plugins_accepted(ctl, ctl->data);
    if (accepted.data == NULL || ctl_accepted_read(ctl, &file) != 0) {
        return CTL_FAILED;
    }

    list = json_array();

    for (i = 0; i < ctl->policy.count; i++) {
        json_array_append_new(list, plugin_entry(ctl, accepted, file, i));
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:o}", "plugins", list));
        return CTL_DONE;
    }

    if (ctl_is_terminal()) {
        printf(PLUGIN_LINE, "category", "version", "grants", "");
    }

    json_array_foreach(list, n, entry) {
        plugin_print(entry);
    }

    json_decref(list);

    return CTL_DONE;
}


/* By the database, and by the file if there is to be one. */
static json_t *
plugin_entry(ctl_t *ctl, pupil_str_t accepted, pupil_str_t file, uint32_t i)
{
    int                      is;
    pupil_error_t            wider;
    const pupil_plugin_t    *plugin;
    const pupil_category_t  *category;

    category = ctl->policy.categories[i];
    plugin = category->plugin;

    is = pupil_accepted_covers(accepted, category, &wider) == PUPIL_OK
         && (ctl->opt.accepted == NULL
             || pupil_accepted_covers(file, category, &wider) == PUPIL_OK);

    return json_pack("{s:s,s:s,s:s,s:s,s:b,s:s?,s:o}",
        "category", plugin->name,
        "version", plugin->version,
        "summary", plugin->summary,
        "file", ctl->plugin_files[i],
        "accepted", is,
        "not_accepted", is ? NULL : wider.text,
        "grants", ctl_plugin_grants(plugin));
}


static void
plugin_print(const json_t *entry)
{
    const char  *wider;

    wider = json_string_value(json_object_get(entry, "not_accepted"));

    printf(PLUGIN_LINE,
           json_string_value(json_object_get(entry, "category")),
           json_string_value(json_object_get(entry, "version")),
           wider == NULL ? "accepted" : "not accepted: ",
           wider == NULL ? "" : wider);
}


int
ctl_cmd_plugin_accept(ctl_t *ctl)
{
    int                    rc;
    char                  *path;
    pupil_rc_t             loaded;
    pupil_error_t          error;
    pupil_category_t      *category;
    const pupil_plugin_t  *plugin;

    if (ctl_open_data(ctl) != 0) {
        return CTL_FAILED;
    }

    path = realpath(ctl->args[0], NULL);
    if (path == NULL) {
        ctl_error("%s: %s", ctl->args[0], strerror(errno));
        return CTL_FAILED;
    }

    loaded = pupil_category_load(path, NULL, &ctl->alloc, &category, &error);
    free(path);

    if (loaded != PUPIL_OK) {
        ctl_error("%s", error.text);
        return CTL_FAILED;
    }

    plugin = category->plugin;
    rc = table_check(ctl, plugin);

    if (rc == 0) {
        rc = ctl_accepted_put(ctl, plugin);
    }

    if (rc == 0) {
        rc = ctl_plugin_accept(ctl, ctl->data, plugin);
    }

    if (rc == 0 && ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s}", "category", plugin->name,
                                 "version", plugin->version));

    } else if (rc == 0) {
        printf("accepted: %s %s, %u grant%s\n", plugin->name,
               plugin->version, plugin->grants_count,
               ctl_plural(plugin->grants_count));
    }

    pupil_category_unload(category);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/*
 * What is accepted of a plugin that nobody migrated would be granted on a table
 * that is not there, and be found by nginx alone.
 */
static int
table_check(ctl_t *ctl, const pupil_plugin_t *plugin)
{
    int          there;
    PGresult    *res;
    const char  *params[1];

    params[0] = plugin->name;

    res = ctl_query_one(ctl->data, "SELECT to_regclass('data.' || $1)", 1,
                        params);
    if (res == NULL) {
        return -1;
    }

    there = !PQgetisnull(res, 0, 0);
    PQclear(res);

    return there ? 0
           : ctl_error("the plugin %s has no table data.%s: run pupilctl"
                       " migrate --plugin-sql %s.sql first", plugin->name,
                       plugin->name, plugin->name);
}
