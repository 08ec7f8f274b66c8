/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl plugin show: the record of processing of a category (GDPR article
 * 30), as its descriptor declares it.  It needs no database.
 */

#include <string.h>

#include "core/plugin/aggregate.h"
#include "ctl/base/text.h"
#include "ctl/setup/plugin_show.h"
#include "ctl/store/plugins.h"


static json_t *aggregate_json(const pupil_plugin_t *plugin);
static json_t *fields_json(const pupil_plugin_t *plugin);
static json_t *grants_json(const pupil_plugin_t *plugin);
static json_t *words_json(const char *words);
static void record_print(const pupil_plugin_t *plugin);
static void aggregate_print(const pupil_plugin_t *plugin);
static void fields_print(const pupil_plugin_t *plugin);
static void grants_print(const pupil_plugin_t *plugin);


/* By the enums of pupil_plugin.h; index 0 is refused there. */
static const char *const  owners[] = { "", "subject", "class" };
static const char *const  cardinalities[] = { "", "one", "many" };
static const char *const  events_text[] = {
    "", "after it was stored", "after the school or class was left",
    "after recovery of the closed account is over"
};
static const char *const  expiries_text[] = {
    "", "then erased", "then anonymised"
};

_Static_assert(PUPIL_COUNT(owners) == PUPIL_OWNER_COUNT
               && PUPIL_COUNT(cardinalities) == PUPIL_CARDINALITY_COUNT
               && PUPIL_COUNT(events_text) == PUPIL_EVENT_COUNT
               && PUPIL_COUNT(expiries_text) == PUPIL_EXPIRY_COUNT,
               "a name for each");


int
ctl_cmd_plugin_show(ctl_t *ctl)
{
    pupil_category_t  *category;

    if (ctl_plugins_open(ctl) != 0) {
        return CTL_FAILED;
    }

    category = ctl_plugin_find(ctl, ctl->args[0]);
    if (category == NULL) {
        ctl_error("no plugin in %s has the category \"%s\"",
                  ctl->opt.plugins, ctl->args[0]);
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(ctl_plugin_record(category->plugin));
    } else {
        record_print(category->plugin);
    }

    return CTL_DONE;
}


json_t *
ctl_plugin_record(const pupil_plugin_t *plugin)
{
    const pupil_retention_t  *kept;

    kept = plugin->retention;

    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:{s:s,s:i,s:s},s:o*,s:o,"
                     "s:o}",
        "category", plugin->name,
        "version", plugin->version,
        "summary", plugin->summary,
        "owner", owners[plugin->owner],
        "records", cardinalities[plugin->cardinality],
        "source", plugin->source,
        "recipients", plugin->recipients,
        "retention",
            "from", pupil_event_name(kept->from),
            "days", (int) kept->days,
            "then", pupil_expiry_name(kept->then),
        "aggregate", aggregate_json(plugin),
        "fields", fields_json(plugin),
        "grants", grants_json(plugin));
}


/* NULL: its retention leaves none. */
static json_t *
aggregate_json(const pupil_plugin_t *plugin)
{
    const pupil_aggregate_t  *a;

    a = pupil_aggregate(plugin);

    return a == NULL ? NULL
           : json_pack("{s:o,s:s,s:i,s:i,s:s}", "group", words_json(a->group),
                       "value", a->value, "threshold", (int) a->threshold,
                       "months", (int) a->months, "why", a->why);
}


static json_t *
fields_json(const pupil_plugin_t *plugin)
{
    json_t               *list, *entry;
    uint32_t              i;
    const pupil_field_t  *field;

    list = json_array();

    for (i = 0; i < plugin->fields_count; i++) {
        field = &plugin->fields[i];

        entry = json_pack("{s:s,s:s,s:b,s:s?,s:b,s:b,s:b,s:b,s:s}",
            "name", field->name,
            "type", pupil_type_name(field->type),
            "sealed", (field->flags & PUPIL_FIELD_SEALED) != 0,
            "sealed_by", field->sealed_by,
            "required", (field->flags & PUPIL_FIELD_REQUIRED) != 0,
            "indexed", (field->flags & PUPIL_FIELD_INDEXED) != 0,
            "internal", (field->flags & PUPIL_FIELD_INTERNAL) != 0,
            "embargo", (field->flags & PUPIL_FIELD_EMBARGO) != 0,
            "why", field->why);
        json_array_append_new(list, entry);
    }

    return list;
}


static json_t *
grants_json(const pupil_plugin_t *plugin)
{
    json_t               *list, *entry;
    uint32_t              i;
    const pupil_grant_t  *grant;

    list = json_array();

    for (i = 0; i < plugin->grants_count; i++) {
        grant = &plugin->grants[i];

        entry = json_pack("{s:s,s:s,s:s,s:s,s:b,s:o}",
            "purpose", pupil_purpose_name(grant->purpose),
            "relation", pupil_relation_name(grant->relation),
            "operation", pupil_operation_name(grant->operation),
            "basis", pupil_basis_name(grant->basis),
            "projected", (grant->flags & PUPIL_GRANT_PROJECTED) != 0,
            "fields", words_json(grant->fields));
        json_array_append_new(list, entry);
    }

    return list;
}


static json_t *
words_json(const char *words)
{
    size_t   len;
    json_t  *list;

    list = json_array();

    while (*words != '\0') {
        len = strcspn(words, " ");
        json_array_append_new(list, json_stringn(words, len));
        words += len;

        if (*words == ' ') {
            words++;
        }
    }

    return list;
}


static void
record_print(const pupil_plugin_t *plugin)
{
    const pupil_retention_t  *kept;

    kept = plugin->retention;

    printf("%s %s\n%s\n\n", plugin->name, plugin->version, plugin->summary);
    printf("Owner: %s, with %s\n", owners[plugin->owner],
           plugin->cardinality == PUPIL_CARDINALITY_ONE ? "one record"
                                                        : "many records");
    printf("Source: %s\nRecipients: %s\n", plugin->source,
           plugin->recipients);
    printf("Kept: %u day%s %s, %s\n", kept->days, ctl_plural(kept->days),
           events_text[kept->from], expiries_text[kept->then]);

    aggregate_print(plugin);
    fields_print(plugin);
    grants_print(plugin);
}


static void
aggregate_print(const pupil_plugin_t *plugin)
{
    const pupil_aggregate_t  *a;

    a = pupil_aggregate(plugin);

    if (a != NULL) {
        printf("Left: persons by %s, and by %s, from %u on, every %u month%s\n"
               "      %s\n", a->group, a->value, (unsigned) a->threshold,
               (unsigned) a->months, ctl_plural(a->months), a->why);
    }
}


static void
fields_print(const pupil_plugin_t *plugin)
{
    uint32_t              i;
    const pupil_field_t  *field;

    puts("\nFields");

    for (i = 0; i < plugin->fields_count; i++) {
        field = &plugin->fields[i];

        printf("  %s: %s, %s", field->name, pupil_type_name(field->type),
               (field->flags & PUPIL_FIELD_SEALED) ? "sealed" : "plain");

        if (field->sealed_by != NULL) {
            printf(" by %s", field->sealed_by);
        }

        printf("%s%s%s%s\n      %s\n",
               (field->flags & PUPIL_FIELD_REQUIRED) ? ", required" : "",
               (field->flags & PUPIL_FIELD_INDEXED) ? ", indexed" : "",
               (field->flags & PUPIL_FIELD_INTERNAL) ? ", internal" : "",
               (field->flags & PUPIL_FIELD_EMBARGO) ? ", embargo" : "",
               field->why);
    }
}


static void
grants_print(const pupil_plugin_t *plugin)
{
    uint32_t              i;
    const pupil_grant_t  *grant;

    puts("\nGrants");

    for (i = 0; i < plugin->grants_count; i++) {
        grant = &plugin->grants[i];

        printf("  %s for %s through %s, on the basis of %s%s\n      %s\n",
               pupil_operation_name(grant->operation),
               pupil_purpose_name(grant->purpose),
               pupil_relation_name(grant->relation),
               pupil_basis_name(grant->basis),
               (grant->flags & PUPIL_GRANT_PROJECTED) ? ", coarsened" : "",
               grant->fields);
    }
}
