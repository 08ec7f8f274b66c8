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
    { "nickname", PUPIL_TYPE_TEXT,
      PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED | PUPIL_FIELD_INDEXED, 100,
      NULL, "Why.", NULL },
    { "class_id", PUPIL_TYPE_UUID, PUPIL_FIELD_REQUIRED, 36, NULL, "Why.",
      NULL },
    { "used_in", PUPIL_TYPE_UUID_LIST, 0, 400, NULL, "Why.", NULL },
    { "times", PUPIL_TYPE_INTEGER, 0, 20, NULL, "Why.", NULL }
};

static const pupil_grant_t  grants[] = {
    { "nickname class_id used_in times", PUPIL_PURPOSE_SUBJECT_ACCESS,
      PUPIL_RELATION_SELF, PUPIL_OPERATION_WRITE, PUPIL_BASIS_CONSENT, 0 },
    { "nickname class_id", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "times", PUPIL_PURPOSE_LEARNING, PUPIL_RELATION_TAUGHT_BY,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 }
};

static const pupil_retention_t  retention = {
    PUPIL_EVENT_ACCOUNT_CLOSED, 30, PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  hooks = { .index_term = nickname_index_term };

static const pupil_plugin_t  plugin = {
    PUPIL_PLUGIN_HEADER, 0, "nickname", "1.0.0", "Nicknames.", "The person.",
    "none", PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_MANY,
    fields, PUPIL_COUNT(fields), sizeof(pupil_field_t),
    grants, PUPIL_COUNT(grants), sizeof(pupil_grant_t),
    NULL, 0, 0, &retention, &hooks, sizeof(pupil_hooks_t)
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
