/*
 * Copyright (C) the Pupil authors
 *
 * A category for t/generic.t with what none of ours has together: many records
 * a subject, a blind index, a class, and writes by a teacher.
 */

#include "pupil_plugin.h"


static int32_t nickname_index_term(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value, pupil_value_t *term);


static const pupil_field_t  fields[] = {
    { .name = "nickname", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED | PUPIL_FIELD_INDEXED,
      .max_size = 100, .why = "Why." },
    { .name = "class_id", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED, .max_size = 36, .why = "Why." },
    { .name = "used_in", .type = PUPIL_TYPE_UUID_LIST, .max_size = 400,
      .why = "Why." },
    { .name = "times", .type = PUPIL_TYPE_INTEGER, .max_size = 20,
      .why = "Why." }
};

static const pupil_grant_t  grants[] = {
    { .fields = "nickname class_id used_in times",
      .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF,
      .operation = PUPIL_OPERATION_WRITE, .basis = PUPIL_BASIS_CONSENT },
    { .fields = "nickname class_id", .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "times", .purpose = PUPIL_PURPOSE_LEARNING,
      .relation = PUPIL_RELATION_TAUGHT_BY, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  retention = {
    .from = PUPIL_EVENT_ACCOUNT_CLOSED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  hooks = { .index_term = nickname_index_term };

static const pupil_plugin_t  plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "nickname",
    .version = "1.0.0",
    .summary = "Nicknames.",
    .source = "The person.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(fields),
    PUPIL_GRANTS(grants),
    PUPIL_RETENTION(retention),
    PUPIL_HOOKS(hooks)
};


static int32_t
nickname_index_term(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value, pupil_value_t *term)
{
    (void) host;
    (void) call;
    (void) field;
    *term = value;

    return 0;
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &plugin;
}
