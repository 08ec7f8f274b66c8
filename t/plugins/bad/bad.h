/*
 * Copyright (C) the Pupil authors
 *
 * A descriptor that is right, of which each bad plugin replaces what makes it
 * bad: a member that is named again counts as it is named last.
 */

#ifndef PUPIL_BAD_H
#define PUPIL_BAD_H

#include "pupil_plugin.h"

#pragma GCC diagnostic ignored "-Woverride-init"


/* Members of the first row of a table, of the descriptor, and more rows. */
#ifndef BAD_FIELD
#define BAD_FIELD
#endif
#ifndef BAD_MORE_FIELDS
#define BAD_MORE_FIELDS
#endif
#ifndef BAD_GRANT
#define BAD_GRANT
#endif
#ifndef BAD_MORE_GRANTS
#define BAD_MORE_GRANTS
#endif
#ifndef BAD_OPTION
#define BAD_OPTION
#endif
#ifndef BAD_RETENTION
#define BAD_RETENTION
#endif
#ifndef BAD_AGGREGATE
#define BAD_AGGREGATE
#endif
#ifndef BAD_HOOKS
#define BAD_HOOKS
#endif
#ifndef BAD_PLUGIN
#define BAD_PLUGIN
#endif


static const pupil_field_t  fields[] = {
    { .name = "colour", .type = PUPIL_TYPE_TEXT, .flags = PUPIL_FIELD_SEALED,
      .max_size = 100, .why = "Why.", BAD_FIELD },
    BAD_MORE_FIELDS
};

static const pupil_grant_t  grants[] = {
    { .fields = "colour", .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK, BAD_GRANT },
    BAD_MORE_GRANTS
};

static const pupil_option_t  options[] = {
    { .name = "size", .type = PUPIL_OPTION_INTEGER, .value = 5, .min = 1,
      .max = 9, .why = "Why.", BAD_OPTION }
};

static const pupil_retention_t  retention = {
    .from = PUPIL_EVENT_CREATED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE,
    BAD_RETENTION
};

__attribute__((unused))
static const pupil_aggregate_t  aggregate = {
    .group = "colour",
    .value = "colour",
    .threshold = 10,
    .months = 1,
    .why = "Why.",
    BAD_AGGREGATE
};

static const pupil_hooks_t  hooks = { .normalise = NULL, BAD_HOOKS };

__attribute__((unused))
static const pupil_plugin_t  plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "bad",
    .version = "1.0.0",
    .summary = "A category.",
    .source = "A source.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_ONE,
    PUPIL_FIELDS(fields),
    PUPIL_GRANTS(grants),
    PUPIL_OPTIONS(options),
    PUPIL_RETENTION(retention),
    PUPIL_HOOKS(hooks),
    BAD_PLUGIN
};


#ifndef BAD_ENTRY
const pupil_plugin_t *
pupil_plugin(void)
{
    return &plugin;
}
#endif

#endif /* PUPIL_BAD_H */
