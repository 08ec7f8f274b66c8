/*
 * Copyright (C) the Pupil authors
 *
 * Is a descriptor one that the host can enforce?  Protecting fields first:
 * nothing behind them is read before they are right.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/plugin/aggregate.h"
#include "core/plugin/check.h"
#include "core/plugin/check_fields.h"
#include "core/plugin/check_words.h"


#define PUPIL_CHECK_OPTIONS  32
#define PUPIL_CHECK_DAYS     36500

#define PUPIL_PLUGIN_FLAGS   (PUPIL_PLUGIN_AUTOMATED_DECISION                 \
                              | PUPIL_PLUGIN_NO_GENERIC_WRITE)


typedef pupil_rc_t (*pupil_check_pt)(const pupil_plugin_t *plugin,
    pupil_error_t *error);

/* What a descriptor says of one of its tables, and what is right. */
typedef struct {
    const char  *name;
    const void  *rows;
    uint32_t     count, min, max;
    uint32_t     size, expected;    /* bytes of a row */
} pupil_check_table_t;


static pupil_rc_t pupil_check_header(const pupil_plugin_t *plugin,
    pupil_error_t *error);
static pupil_rc_t pupil_check_about(const pupil_plugin_t *plugin,
    pupil_error_t *error);
static pupil_rc_t pupil_check_owner(const pupil_plugin_t *plugin,
    pupil_error_t *error);
static pupil_rc_t pupil_check_sizes(const pupil_plugin_t *plugin,
    pupil_error_t *error);
static pupil_rc_t pupil_check_options(const pupil_plugin_t *plugin,
    pupil_error_t *error);
static pupil_rc_t pupil_check_retention(const pupil_plugin_t *plugin,
    pupil_error_t *error);
static pupil_rc_t pupil_check_hooks(const pupil_plugin_t *plugin,
    pupil_error_t *error);


/* Each relies on those before it. */
static const pupil_check_pt  pupil_checks[] = {
    pupil_check_header,
    pupil_check_about,
    pupil_check_owner,
    pupil_check_sizes,
    pupil_check_fields,
    pupil_check_grants,
    pupil_check_options,
    pupil_check_retention,
    pupil_check_hooks,
    pupil_aggregate_check
};

/*
 * sizeof(pupil_plugin_t) by minor version.  What 1.1 appended lies where 1.0
 * had padding: it is read of nothing older.
 */
static const uint32_t  pupil_check_struct_sizes[PUPIL_ABI_MINOR + 1] = {
    (uint32_t) offsetof(pupil_plugin_t, aggregate),
    (uint32_t) offsetof(pupil_plugin_t, aggregate),
    (uint32_t) sizeof(pupil_plugin_t)
};

_Static_assert(offsetof(pupil_plugin_t, retention_size) + sizeof(uint32_t)
               == offsetof(pupil_plugin_t, aggregate),
               "1.0 and 1.1 are of one size");


pupil_rc_t
pupil_plugin_check(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    size_t      i;
    pupil_rc_t  rc;

    rc = PUPIL_OK;

    for (i = 0; i < sizeof(pupil_checks) / sizeof(pupil_checks[0])
                && rc == PUPIL_OK; i++)
    {
        rc = pupil_checks[i](plugin, error);
    }

    return rc;
}


static pupil_rc_t
pupil_check_header(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    uint32_t  size;

    if (plugin == NULL) {
        return pupil_error_set(error, "pupil_plugin() returned NULL");
    }

    if (plugin->magic != PUPIL_PLUGIN_MAGIC) {
        return pupil_error_set(error, "magic is 0x%08x, not 0x%08x",
                               plugin->magic, PUPIL_PLUGIN_MAGIC);
    }

    if (plugin->abi_major != PUPIL_ABI_MAJOR) {
        return pupil_error_set(error, "abi_major is %u, this host has %d",
                               plugin->abi_major, PUPIL_ABI_MAJOR);
    }

    if (plugin->abi_minor > PUPIL_ABI_MINOR) {
        return pupil_error_set(error, "abi_minor is %u, this host has %d:"
                               " build the plugin against its header, or"
                               " take a newer host", plugin->abi_minor,
                               PUPIL_ABI_MINOR);
    }

    size = pupil_check_struct_sizes[plugin->abi_minor];
    if (plugin->struct_size != size) {
        return pupil_error_set(error, "struct_size is %u, version %u.%u has"
                               " %u", plugin->struct_size,
                               plugin->abi_major, plugin->abi_minor, size);
    }

    return PUPIL_OK;
}


/* MAJOR.MINOR.PATCH: three groups of one to nine digits. */
static int
pupil_check_version(const char *version)
{
    size_t  len;
    int     group;

    for (group = 0; version != NULL && group < 3; group++) {
        len = strspn(version, "0123456789");

        if (len == 0 || len > 9 || version[len] != (group < 2 ? '.' : '\0')) {
            return 0;
        }

        version += len + 1;
    }

    return version != NULL;
}


static pupil_rc_t
pupil_check_about(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    size_t       i;
    const char  *word;

    const struct {
        const char  *name;
        const char  *value;
    } sentences[] = {
        { "summary",    plugin->summary },
        { "source",     plugin->source },
        { "recipients", plugin->recipients }
    };

    if (!pupil_check_name(plugin->name)) {
        return pupil_error_set(error, "name is \"%.64s\", not [a-z][a-z0-9_]*"
                               " of at most %d bytes",
                               pupil_check_show(plugin->name),
                               PUPIL_MAX_NAME);
    }

    word = pupil_check_sensitive(plugin->name);
    if (word != NULL) {
        return pupil_error_set(error, "category %s: \"%s\" is a special"
                               " category of personal data (GDPR articles 9"
                               " and 10)", plugin->name, word);
    }

    if (!pupil_check_version(plugin->version)) {
        return pupil_error_set(error, "%s: version is \"%.64s\", not"
                               " MAJOR.MINOR.PATCH", plugin->name,
                               pupil_check_show(plugin->version));
    }

    for (i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (!pupil_check_sentence(sentences[i].value)) {
            return pupil_error_set(error, "%s: %s is %s, not a sentence of 1"
                                   " to %d bytes of UTF-8", plugin->name,
                                   sentences[i].name,
                                   sentences[i].value == NULL ? "NULL"
                                   : "empty, too long or malformed",
                                   PUPIL_CHECK_TEXT);
        }
    }

    if (plugin->flags & PUPIL_PLUGIN_AUTOMATED_DECISION) {
        return pupil_error_set(error, "%s: flags say"
                               " PUPIL_PLUGIN_AUTOMATED_DECISION, which is"
                               " refused (GDPR article 22)", plugin->name);
    }

    if (plugin->flags & ~PUPIL_PLUGIN_FLAGS) {
        return pupil_error_set(error, "%s: flags are 0x%x, known are 0x%x",
                               plugin->name, plugin->flags,
                               PUPIL_PLUGIN_FLAGS);
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_check_owner(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    if (plugin->owner == 0 || plugin->owner >= PUPIL_OWNER_COUNT) {
        return pupil_error_set(error, "%s: owner is %u, not 1 to %d",
                               plugin->name, plugin->owner,
                               PUPIL_OWNER_COUNT - 1);
    }

    if (plugin->cardinality == 0
        || plugin->cardinality >= PUPIL_CARDINALITY_COUNT)
    {
        return pupil_error_set(error, "%s: cardinality is %u, not 1 to %d",
                               plugin->name, plugin->cardinality,
                               PUPIL_CARDINALITY_COUNT - 1);
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_check_table(const pupil_plugin_t *plugin,
    const pupil_check_table_t *table, pupil_error_t *error)
{
    if (table->count < table->min || table->count > table->max) {
        return pupil_error_set(error, "%s: %ss_count is %u, not %u to %u",
                               plugin->name, table->name, table->count,
                               table->min, table->max);
    }

    if (table->count != 0 && table->rows == NULL) {
        return pupil_error_set(error, "%s: %ss is NULL, %ss_count is %u",
                               plugin->name, table->name, table->name,
                               table->count);
    }

    if (table->count != 0 && table->size != table->expected) {
        return pupil_error_set(error, "%s: %s_size is %u, version %u.%u"
                               " has %u", plugin->name, table->name,
                               table->size, plugin->abi_major,
                               plugin->abi_minor, table->expected);
    }

    return PUPIL_OK;
}


/* Counts, pointers and sizes of the tables, before any of them is read. */
static pupil_rc_t
pupil_check_sizes(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    size_t      i;
    pupil_rc_t  rc;

    const pupil_check_table_t  tables[] = {
        { .name = "field", .rows = plugin->fields,
          .count = plugin->fields_count, .min = 1, .max = PUPIL_MAX_FIELDS,
          .size = plugin->field_size, .expected = sizeof(pupil_field_t) },
        { .name = "grant", .rows = plugin->grants,
          .count = plugin->grants_count, .min = 1, .max = PUPIL_MAX_GRANTS,
          .size = plugin->grant_size, .expected = sizeof(pupil_grant_t) },
        { .name = "option", .rows = plugin->options,
          .count = plugin->options_count, .max = PUPIL_CHECK_OPTIONS,
          .size = plugin->option_size, .expected = sizeof(pupil_option_t) }
    };

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        rc = pupil_check_table(plugin, &tables[i], error);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    if (plugin->hooks != NULL && plugin->hooks_size != sizeof(pupil_hooks_t))
    {
        return pupil_error_set(error, "%s: hooks_size is %u, version %u.%u"
                               " has %zu", plugin->name, plugin->hooks_size,
                               plugin->abi_major, plugin->abi_minor,
                               sizeof(pupil_hooks_t));
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_check_option_value(const pupil_plugin_t *plugin,
    const pupil_option_t *option, pupil_error_t *error)
{
    int64_t  min, max;

    min = option->min;
    max = option->max;

    if (option->type == PUPIL_OPTION_FLAG && (min != 0 || max != 1)) {
        return pupil_error_set(error, "%s: option \"%s\": a flag has min 0"
                               " and max 1, not %lld and %lld", plugin->name,
                               option->name, (long long) min,
                               (long long) max);
    }

    if (option->type == PUPIL_OPTION_DAYS
        && (min < 0 || max > PUPIL_CHECK_DAYS))
    {
        return pupil_error_set(error, "%s: option \"%s\": days have min from"
                               " 0 and max to %d, not %lld and %lld",
                               plugin->name, option->name, PUPIL_CHECK_DAYS,
                               (long long) min, (long long) max);
    }

    if (min > max || option->value < min || option->value > max) {
        return pupil_error_set(error, "%s: option \"%s\": value is %lld, not"
                               " %lld to %lld", plugin->name, option->name,
                               (long long) option->value, (long long) min,
                               (long long) max);
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_check_options(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    uint32_t               i, k;
    pupil_rc_t             rc;
    const pupil_option_t  *option;

    for (i = 0; i < plugin->options_count; i++) {
        option = &plugin->options[i];

        if (!pupil_check_name(option->name)) {
            return pupil_error_set(error, "%s: options[%u].name is"
                                   " \"%.64s\", not [a-z][a-z0-9_]* of at"
                                   " most %d bytes", plugin->name, i,
                                   pupil_check_show(option->name),
                                   PUPIL_MAX_NAME);
        }

        for (k = 0; k < i; k++) {
            if (strcmp(plugin->options[k].name, option->name) == 0) {
                return pupil_error_set(error, "%s: option \"%s\" is there"
                                       " twice: options[%u] and options[%u]",
                                       plugin->name, option->name, k, i);
            }
        }

        if (option->type == 0 || option->type >= PUPIL_OPTION_COUNT) {
            return pupil_error_set(error, "%s: option \"%s\": type is %u,"
                                   " not 1 to %d", plugin->name, option->name,
                                   option->type, PUPIL_OPTION_COUNT - 1);
        }

        if (!pupil_check_sentence(option->why)) {
            return pupil_error_set(error, "%s: option \"%s\": why is no"
                                   " sentence of 1 to %d bytes of UTF-8",
                                   plugin->name, option->name,
                                   PUPIL_CHECK_TEXT);
        }

        rc = pupil_check_option_value(plugin, option, error);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_check_retention(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    const pupil_retention_t  *retention;

    retention = plugin->retention;

    if (retention == NULL) {
        return pupil_error_set(error, "%s: retention is NULL: say how long a"
                               " record is kept", plugin->name);
    }

    if (plugin->abi_minor >= 1
        && plugin->retention_size != sizeof(pupil_retention_t))
    {
        return pupil_error_set(error, "%s: retention_size is %u, version"
                               " %u.%u has %zu", plugin->name,
                               plugin->retention_size, plugin->abi_major,
                               plugin->abi_minor, sizeof(pupil_retention_t));
    }

    if (retention->from == 0 || retention->from >= PUPIL_EVENT_COUNT) {
        return pupil_error_set(error, "%s: retention.from is %u, not 1 to %d",
                               plugin->name, retention->from,
                               PUPIL_EVENT_COUNT - 1);
    }

    if (retention->days == 0 || retention->days > PUPIL_CHECK_DAYS) {
        return pupil_error_set(error, "%s: retention.days is %u, not 1 to %d",
                               plugin->name, retention->days,
                               PUPIL_CHECK_DAYS);
    }

    if (retention->then == 0 || retention->then >= PUPIL_EXPIRY_COUNT) {
        return pupil_error_set(error, "%s: retention.then is %u, not 1 to %d",
                               plugin->name, retention->then,
                               PUPIL_EXPIRY_COUNT - 1);
    }

    return PUPIL_OK;
}


/* Hooks that a declaration makes necessary. */
static pupil_rc_t
pupil_check_hooks(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    uint32_t              i;
    const pupil_hooks_t  *hooks;

    hooks = plugin->hooks;

    for (i = 0; i < plugin->fields_count; i++) {
        if ((plugin->fields[i].flags & PUPIL_FIELD_INDEXED)
            && (hooks == NULL || hooks->index_term == NULL))
        {
            return pupil_error_set(error, "%s: field \"%s\" is indexed, but"
                                   " hooks.index_term is NULL", plugin->name,
                                   plugin->fields[i].name);
        }
    }

    for (i = 0; i < plugin->grants_count; i++) {
        if ((plugin->grants[i].flags & PUPIL_GRANT_PROJECTED)
            && (hooks == NULL || hooks->project == NULL))
        {
            return pupil_error_set(error, "%s: grants[%u] is projected, but"
                                   " hooks.project is NULL", plugin->name, i);
        }
    }

    if (plugin->retention->then == PUPIL_EXPIRY_ANONYMISE
        && (hooks == NULL || hooks->anonymise == NULL))
    {
        return pupil_error_set(error, "%s: retention anonymises, but"
                               " hooks.anonymise is NULL", plugin->name);
    }

    return PUPIL_OK;
}
