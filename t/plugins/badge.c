/*
 * Copyright (C) the Pupil authors
 *
 * A category for t/i18-facts-generic.t: written by the generic endpoint, with
 * a bound field of each plain type, and what is not bound.
 */

#include "pupil_plugin.h"


static const pupil_field_t  fields[] = {
    { .name = "motto", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, .max_size = 100,
      .why = "Why." },
    { .name = "remark", .type = PUPIL_TYPE_TEXT, .flags = PUPIL_FIELD_SEALED,
      .max_size = 100, .why = "Why." },
    { .name = "colour", .type = PUPIL_TYPE_TEXT, .flags = PUPIL_FIELD_BOUND,
      .max_size = 100, .why = "Why." },
    { .name = "points", .type = PUPIL_TYPE_INTEGER,
      .flags = PUPIL_FIELD_BOUND, .max_size = 20, .why = "Why." },
    { .name = "valid", .type = PUPIL_TYPE_BOOLEAN, .flags = PUPIL_FIELD_BOUND,
      .max_size = 5, .why = "Why." },
    { .name = "given_by", .type = PUPIL_TYPE_UUID, .flags = PUPIL_FIELD_BOUND,
      .max_size = 36, .why = "Why." },
    { .name = "given_on", .type = PUPIL_TYPE_DATE, .flags = PUPIL_FIELD_BOUND,
      .max_size = 10, .why = "Why." },
    { .name = "ends_at", .type = PUPIL_TYPE_TIMESTAMP,
      .flags = PUPIL_FIELD_BOUND, .max_size = 32, .why = "Why." },
    { .name = "for_work", .type = PUPIL_TYPE_UUID_LIST,
      .flags = PUPIL_FIELD_BOUND, .max_size = 400, .why = "Why." },
    { .name = "place", .type = PUPIL_TYPE_INTEGER, .max_size = 20,
      .why = "Not bound." }
};

#define ALL  "motto remark colour points valid given_by given_on ends_at"     \
             " for_work place"

static const pupil_grant_t  grants[] = {
    { .fields = ALL, .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_CONSENT },
    { .fields = ALL, .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_CONSENT }
};

static const pupil_retention_t  retention = {
    .from = PUPIL_EVENT_ACCOUNT_CLOSED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_plugin_t  plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "badge",
    .version = "1.0.0",
    .summary = "Badges.",
    .source = "The person.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_ONE,
    PUPIL_FIELDS(fields),
    PUPIL_GRANTS(grants),
    PUPIL_RETENTION(retention)
};


const pupil_plugin_t *
pupil_plugin(void)
{
    return &plugin;
}
