/*
 * Copyright (C) the Pupil authors
 *
 * Category homework: assignments.  The text belongs to the class; the teacher
 * who assigned it is a pseudonym in it.
 */

#include "pupil_plugin.h"
#include "../common/text.h"


static const pupil_field_t  homework_fields[] = {
    { .name = "title", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, .max_size = 800,
      .pattern = PUPIL_LINE, .why = "Pupils know an assignment by it." },
    { .name = "description", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = 20000,
      .why = "Says what is to be done." },
    { .name = "exercises", .type = PUPIL_TYPE_JSON,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, .max_size = 65536,
      .why = "The exercises, each with id, title, greatest score and kind." },
    { .name = "exercise_ids", .type = PUPIL_TYPE_UUID_LIST,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 3700,
      .why = "Says which exercises a submission may be for." },
    { .name = "assigned_by", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_BOUND, .max_size = 36,
      .why = "Pupils know whom to ask." },
    { .name = "assigned_at", .type = PUPIL_TYPE_TIMESTAMP,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_EMBARGO | PUPIL_FIELD_BOUND,
      .max_size = 32,
      .why = "Homework is shown from then on." },
    { .name = "due_at", .type = PUPIL_TYPE_TIMESTAMP,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 32,
      .why = "Homework is open until then." },
    { .name = "deleted_at", .type = PUPIL_TYPE_TIMESTAMP,
      .flags = PUPIL_FIELD_INTERNAL | PUPIL_FIELD_BOUND, .max_size = 32,
      .why = "Hides withdrawn homework while results still name it." },
    { .name = "keys", .type = PUPIL_TYPE_JSON,
      .flags = PUPIL_FIELD_SEALED, .max_size = 65536,
      .why = "Answers of choices and numbers are scored by it." }
};

#define HOMEWORK_SHOWN                                                        \
    "title description exercises exercise_ids assigned_by assigned_at due_at"

static const pupil_grant_t  homework_grants[] = {
    { .fields = HOMEWORK_SHOWN " deleted_at",
      .purpose = PUPIL_PURPOSE_LEARNING, .relation = PUPIL_RELATION_TAUGHT_BY,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = HOMEWORK_SHOWN " deleted_at",
      .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = HOMEWORK_SHOWN " deleted_at keys",
      .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES,
      .operation = PUPIL_OPERATION_WRITE, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "keys", .purpose = PUPIL_PURPOSE_LEARNING,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = HOMEWORK_SHOWN, .purpose = PUPIL_PURPOSE_ROSTERING,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = HOMEWORK_SHOWN, .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relation = PUPIL_RELATION_DPO, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION }
};

static const pupil_retention_t  homework_retention = {
    .from = PUPIL_EVENT_CREATED,
    .days = 730,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_plugin_t  homework_plugin = {
    PUPIL_PLUGIN_HEADER,
    .flags = PUPIL_PLUGIN_NO_GENERIC_WRITE,
    .name = "homework",
    .version = "1.3.0",
    .summary = "Homework that a teacher gave to a class.",
    .source = "The teachers of the class, or an import of a course.",
    .recipients = "none",
    .owner = PUPIL_OWNER_CLASS,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(homework_fields),
    PUPIL_GRANTS(homework_grants),
    PUPIL_RETENTION(homework_retention)
};


const pupil_plugin_t *
pupil_plugin(void)
{
    return &homework_plugin;
}
