/*
 * Copyright (C) the Pupil authors
 *
 * A plugin as it was built against version 1.0 of the ABI: the header beside
 * it is of then, and is never changed.
 */

#include "pupil_plugin.h"


static const pupil_field_t  fields[] = {
    { .name = "tune", .type = PUPIL_TYPE_TEXT, .flags = PUPIL_FIELD_SEALED,
      .max_size = 100, .why = "Why." },
    { .name = "facts", .type = PUPIL_TYPE_INTEGER, .max_size = 20,
      .why = "A name that version 1.1 has for itself." }
};

static const pupil_grant_t  grants[] = {
    { .fields = "tune facts", .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_CONSENT },
    { .fields = "tune facts", .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
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
    .name = "whistle",
    .version = "1.0.0",
    .summary = "What somebody whistles.",
    .source = "The person.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_ONE,
    PUPIL_FIELDS(fields),
    PUPIL_GRANTS(grants),
    .retention = &retention
};


const pupil_plugin_t *
pupil_plugin(void)
{
    return &plugin;
}
