/*
 * Copyright (C) the Pupil authors
 *
 * A category for t/anonymise.t that nobody has heard of: its records are
 * anonymised, into how many members of a club had which grade.
 */

#include <string.h>

#include "pupil_plugin.h"


static int32_t anonymise(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value, int64_t now, pupil_value_t *out);


enum {
    CLUB = 0,
    GRADE
};

static const pupil_field_t  fields[] = {
    [CLUB] = { .name = "club", .type = PUPIL_TYPE_TEXT, .max_size = 100,
      .why = "Why." },
    [GRADE] = { .name = "grade", .type = PUPIL_TYPE_TEXT, .max_size = 100,
      .why = "Why." }
};

static const pupil_grant_t  grants[] = {
    { .fields = "club grade", .purpose = PUPIL_PURPOSE_STATISTICS,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  retention = {
    .from = PUPIL_EVENT_CREATED,
    .days = 30,
    .then = PUPIL_EXPIRY_ANONYMISE
};

static const pupil_aggregate_t  aggregate = {
    .group = "club",
    .value = "grade",
    .threshold = 10,
    .months = 1,
    .why = "Why."
};

static const pupil_hooks_t  hooks = {
    .anonymise = anonymise
};

static const pupil_plugin_t  plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "club",
    .version = "1.0.0",
    .summary = "Clubs.",
    .source = "The person.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(fields),
    PUPIL_GRANTS(grants),
    PUPIL_RETENTION(retention),
    PUPIL_AGGREGATE(aggregate),
    PUPIL_HOOKS(hooks)
};


/* Of a grade its letter stays, of "none" nothing. */
static int32_t
anonymise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value, int64_t now, pupil_value_t *out)
{
    (void) host;
    (void) call;
    (void) now;

    *out = value;

    if (field == GRADE && value.len > 1) {
        out->len = memcmp(value.data, "none", 4) == 0 ? 0 : 1;
    }

    return 0;
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &plugin;
}
