/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/plugin/aggregate.h"
#include "core/plugin/check_words.h"
#include "core/plugin/names.h"


#define THRESHOLD_MOST  1000000


static pupil_rc_t aggregate_check_row(const pupil_plugin_t *plugin,
    const pupil_aggregate_t *a, pupil_error_t *error);
static pupil_rc_t aggregate_check_group(const pupil_plugin_t *plugin,
    const pupil_aggregate_t *a, pupil_error_t *error);
static pupil_rc_t aggregate_check_field(const pupil_plugin_t *plugin,
    pupil_str_t name, uint32_t *field, pupil_error_t *error);
static int aggregate_granted(const pupil_plugin_t *plugin, const char *field);
static uint32_t aggregate_field(const pupil_plugin_t *plugin,
    pupil_str_t name);


/* Those whose plain text is one, and the same wherever it is written. */
static const uint8_t  groupable[PUPIL_TYPE_COUNT] = {
    [PUPIL_TYPE_TEXT] = 1,
    [PUPIL_TYPE_INTEGER] = 1,
    [PUPIL_TYPE_BOOLEAN] = 1,
    [PUPIL_TYPE_UUID] = 1,
    [PUPIL_TYPE_DATE] = 1
};


const pupil_aggregate_t *
pupil_aggregate(const pupil_plugin_t *plugin)
{
    return plugin->abi_minor >= 2 ? plugin->aggregate : NULL;
}


void
pupil_aggregate_fields(const pupil_plugin_t *plugin,
    pupil_aggregate_fields_t *fields)
{
    const char               *list;
    pupil_str_t               name;
    const pupil_aggregate_t  *a;

    a = pupil_aggregate(plugin);
    list = a->group;
    fields->count = 0;

    while (pupil_name_next(&list, &name)) {
        fields->group[fields->count++] = aggregate_field(plugin, name);
    }

    name.data = (const uint8_t *) a->value;
    name.len = strlen(a->value);
    fields->value = aggregate_field(plugin, name);
}


/* fields_count: there is none. */
static uint32_t
aggregate_field(const pupil_plugin_t *plugin, pupil_str_t name)
{
    uint32_t  i;

    for (i = 0; i < plugin->fields_count; i++) {
        if (pupil_str_is(name, plugin->fields[i].name)) {
            break;
        }
    }

    return i;
}


pupil_rc_t
pupil_aggregate_check(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    uint32_t                  field;
    pupil_rc_t                rc;
    pupil_str_t               name;
    const pupil_aggregate_t  *a;

    if (plugin->abi_minor < 2) {
        return PUPIL_OK;
    }

    a = plugin->aggregate;

    if ((a != NULL) != (plugin->retention->then == PUPIL_EXPIRY_ANONYMISE)) {
        return pupil_error_set(error, "%s: an aggregate is what a retention"
                               " that anonymises leaves: declare both, or"
                               " neither", plugin->name);
    }

    if (a == NULL) {
        return PUPIL_OK;
    }

    rc = aggregate_check_row(plugin, a, error);
    if (rc == PUPIL_OK) {
        rc = aggregate_check_group(plugin, a, error);
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    name.data = (const uint8_t *) a->value;
    name.len = strlen(a->value);

    return aggregate_check_field(plugin, name, &field, error);
}


static pupil_rc_t
aggregate_check_row(const pupil_plugin_t *plugin, const pupil_aggregate_t *a,
    pupil_error_t *error)
{
    if (plugin->aggregate_size != sizeof(pupil_aggregate_t)) {
        return pupil_error_set(error, "%s: aggregate_size is %u, version"
                               " %u.%u has %zu", plugin->name,
                               plugin->aggregate_size, plugin->abi_major,
                               plugin->abi_minor, sizeof(pupil_aggregate_t));
    }

    if (plugin->owner != PUPIL_OWNER_SUBJECT) {
        return pupil_error_set(error, "%s: an aggregate counts persons, and"
                               " these records are of classes", plugin->name);
    }

    if (a->group == NULL || a->value == NULL
        || !pupil_check_sentence(a->why))
    {
        return pupil_error_set(error, "%s: aggregate.group, .value and .why"
                               " say what is counted, and why",
                               plugin->name);
    }

    if (a->threshold < PUPIL_THRESHOLD_LEAST || a->threshold > THRESHOLD_MOST) {
        return pupil_error_set(error, "%s: aggregate.threshold is %u, not %d"
                               " to %d", plugin->name, a->threshold,
                               PUPIL_THRESHOLD_LEAST, THRESHOLD_MOST);
    }

    if (a->months != 1 && a->months != 3 && a->months != 6 && a->months != 12)
    {
        return pupil_error_set(error, "%s: aggregate.months is %u, not 1, 3, 6"
                               " or 12", plugin->name, a->months);
    }

    return PUPIL_OK;
}


static pupil_rc_t
aggregate_check_group(const pupil_plugin_t *plugin,
    const pupil_aggregate_t *a, pupil_error_t *error)
{
    uint32_t              field, count;
    pupil_rc_t            rc;
    const char           *list;
    pupil_str_t           name;
    const pupil_field_t  *f;

    count = 0;
    list = a->group;

    while (pupil_name_next(&list, &name)) {
        rc = aggregate_check_field(plugin, name, &field, error);
        if (rc != PUPIL_OK) {
            return rc;
        }

        f = &plugin->fields[field];

        if ((f->flags & PUPIL_FIELD_SEALED) || !groupable[f->type]) {
            return pupil_error_set(error, "%s: aggregate.group has \"%s\","
                                   " which is no plain field of one of its"
                                   " types", plugin->name, f->name);
        }

        count++;
    }

    return count >= 1 && count <= PUPIL_AGGREGATE_GROUPS ? PUPIL_OK
           : pupil_error_set(error, "%s: aggregate.group has %u fields, not 1"
                             " to %d", plugin->name, count,
                             PUPIL_AGGREGATE_GROUPS);
}


static pupil_rc_t
aggregate_check_field(const pupil_plugin_t *plugin, pupil_str_t name,
    uint32_t *field, pupil_error_t *error)
{
    *field = aggregate_field(plugin, name);

    if (*field == plugin->fields_count) {
        return pupil_error_set(error, "%s: the aggregate has \"%.*s\", which"
                               " is no field", plugin->name, (int) name.len,
                               (const char *) name.data);
    }

    if (plugin->fields[*field].sealed_by != NULL) {
        return pupil_error_set(error, "%s: the aggregate has \"%s\", which is"
                               " not the person's own", plugin->name,
                               plugin->fields[*field].name);
    }

    return aggregate_granted(plugin, plugin->fields[*field].name) ? PUPIL_OK
           : pupil_error_set(error, "%s: the aggregate has \"%s\", which the"
                             " system is not granted to read for statistics",
                             plugin->name, plugin->fields[*field].name);
}


static int
aggregate_granted(const pupil_plugin_t *plugin, const char *field)
{
    uint32_t              i;
    const pupil_grant_t  *g;

    for (i = 0; i < plugin->grants_count; i++) {
        g = &plugin->grants[i];

        if (g->purpose == PUPIL_PURPOSE_STATISTICS
            && g->relation == PUPIL_RELATION_SYSTEM
            && g->operation == PUPIL_OPERATION_READ
            && pupil_name_listed(g->fields, field))
        {
            return 1;
        }
    }

    return 0;
}
