/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/plugin/names.h"
#include "ctl/recipient/fields.h"
#include "ctl/store/plugins.h"


static int all_add(ctl_t *ctl, const ctl_recipient_kind_t *kind, json_t *list);
static int item_add(ctl_t *ctl, const ctl_recipient_kind_t *kind,
    const char *item, json_t *list);
static int category_add(const ctl_recipient_kind_t *kind,
    const pupil_plugin_t *plugin, json_t *list);
static int field_add(const ctl_recipient_kind_t *kind,
    const pupil_plugin_t *plugin, const char *name, json_t *list);
static const pupil_field_t *field_find(const pupil_plugin_t *plugin,
    const char *name);
static int granted(const ctl_recipient_kind_t *kind,
    const pupil_plugin_t *plugin, const pupil_field_t *field);
static void name_add(const pupil_plugin_t *plugin, const pupil_field_t *field,
    json_t *list);
static const char *purposes_text(const ctl_recipient_kind_t *kind,
    char *text, size_t size);
static int text_compare(const void *a, const void *b);


#define PURPOSES_SIZE  256


json_t *
ctl_recipient_fields(ctl_t *ctl, const ctl_recipient_kind_t *kind,
    const json_t *given)
{
    int      rc;
    size_t   i;
    json_t  *list, *item;

    list = json_array();
    rc = 0;

    if (json_array_size(given) == 1
        && strcmp(json_string_value(json_array_get(given, 0)), "all") == 0)
    {
        rc = all_add(ctl, kind, list);

    } else {
        json_array_foreach(given, i, item) {
            if (item_add(ctl, kind, json_string_value(item), list) != 0) {
                rc = -1;
                break;
            }
        }
    }

    if (rc != 0) {
        json_decref(list);
        return NULL;
    }

    return ctl_texts_sorted(list);
}


static int
all_add(ctl_t *ctl, const ctl_recipient_kind_t *kind, json_t *list)
{
    uint32_t  i;

    if (kind->purposes != 0) {
        return ctl_error("all is for hosting alone: name what %s receives",
                         kind->name);
    }

    for (i = 0; i < ctl->policy.count; i++) {
        if (category_add(kind, ctl->policy.categories[i]->plugin, list) != 0) {
            return -1;
        }
    }

    return 0;
}


/* A category, or a field of it. */
static int
item_add(ctl_t *ctl, const ctl_recipient_kind_t *kind, const char *item,
    json_t *list)
{
    size_t                   len;
    const char              *name;
    const pupil_category_t  *category;

    len = strcspn(item, ".");
    name = ctl_pool_text(&ctl->pool, item, len);
    category = ctl_plugin_find(ctl, name);

    if (category == NULL) {
        return ctl_error("no plugin in %s is of the category %s",
                         ctl->opt.plugins, name);
    }

    if (kind->staff && !ctl_recipient_staff(name)) {
        return ctl_error("%s holds pupils, too: %s receives what is of staff"
                         " alone: contact", name, kind->name);
    }

    return item[len] == '\0' ? category_add(kind, category->plugin, list)
           : field_add(kind, category->plugin, item + len + 1, list);
}


static int
category_add(const ctl_recipient_kind_t *kind, const pupil_plugin_t *plugin,
    json_t *list)
{
    char                  purposes[PURPOSES_SIZE];
    size_t                before;
    uint32_t              i;
    const pupil_field_t  *field;

    before = json_array_size(list);

    for (i = 0; i < plugin->fields_count; i++) {
        field = &plugin->fields[i];

        if (!(field->flags & PUPIL_FIELD_INTERNAL)
            && granted(kind, plugin, field))
        {
            name_add(plugin, field, list);
        }
    }

    return json_array_size(list) != before ? 0
           : ctl_error("nothing of %s is granted for what %s is for: %s",
                       plugin->name, kind->name,
                       purposes_text(kind, purposes, sizeof(purposes)));
}


static int
field_add(const ctl_recipient_kind_t *kind, const pupil_plugin_t *plugin,
    const char *name, json_t *list)
{
    char                  purposes[PURPOSES_SIZE];
    const pupil_field_t  *field;

    field = field_find(plugin, name);

    if (field == NULL) {
        return ctl_error("%s has no field \"%s\"", plugin->name, name);
    }

    if (field->flags & PUPIL_FIELD_INTERNAL) {
        return ctl_error("%s.%s is the program's own: nobody receives it",
                         plugin->name, name);
    }

    if (!granted(kind, plugin, field)) {
        return ctl_error("%s.%s is granted for none of what %s is for: %s",
                         plugin->name, name, kind->name,
                         purposes_text(kind, purposes, sizeof(purposes)));
    }

    name_add(plugin, field, list);

    return 0;
}


static const pupil_field_t *
field_find(const pupil_plugin_t *plugin, const char *name)
{
    uint32_t  i;

    for (i = 0; i < plugin->fields_count; i++) {
        if (strcmp(plugin->fields[i].name, name) == 0) {
            return &plugin->fields[i];
        }
    }

    return NULL;
}


/* Whoever it is granted to: what no grant names is nobody's to be given. */
static int
granted(const ctl_recipient_kind_t *kind, const pupil_plugin_t *plugin,
    const pupil_field_t *field)
{
    uint32_t              i;
    const pupil_grant_t  *grant;

    for (i = 0; i < plugin->grants_count; i++) {
        grant = &plugin->grants[i];

        if (ctl_recipient_serves(kind, grant->purpose)
            && pupil_name_listed(grant->fields, field->name))
        {
            return 1;
        }
    }

    return 0;
}


static void
name_add(const pupil_plugin_t *plugin, const pupil_field_t *field,
    json_t *list)
{
    json_array_append_new(list, json_sprintf("%s.%s", plugin->name,
                                             field->name));
}


static const char *
purposes_text(const ctl_recipient_kind_t *kind, char *text, size_t size)
{
    size_t    len;
    uint32_t  i;

    text[0] = '\0';

    for (i = 1; i < PUPIL_PURPOSE_COUNT; i++) {
        if (ctl_recipient_serves(kind, i)) {
            len = strlen(text);
            snprintf(text + len, size - len, "%s%s", len == 0 ? "" : ", ",
                     pupil_purpose_name(i));
        }
    }

    return text;
}


json_t *
ctl_texts_sorted(json_t *list)
{
    size_t        i, n;
    json_t       *sorted;
    const char  **texts;

    n = json_array_size(list);
    texts = ctl_memory((n + 1) * sizeof(char *));

    for (i = 0; i < n; i++) {
        texts[i] = json_string_value(json_array_get(list, i));
    }

    qsort(texts, n, sizeof(char *), text_compare);
    sorted = json_array();

    for (i = 0; i < n; i++) {
        if (i == 0 || strcmp(texts[i], texts[i - 1]) != 0) {
            json_array_append_new(sorted, json_string(texts[i]));
        }
    }

    free(texts);
    json_decref(list);

    return sorted;
}


static int
text_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}
