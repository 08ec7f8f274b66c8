/*
 * Copyright (C) the Pupil authors
 *
 * Category homework: assignments.  The text belongs to the class; the teacher
 * who assigned it is a pseudonym in it.
 */

#include "pupil_plugin.h"


static const pupil_field_t  homework_fields[] = {
    { "title", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED,
      800, "[^\\p{C}]+", "Pupils know an assignment by it.", NULL },
    { "description", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 20000, NULL,
      "Says what is to be done.", NULL },
    { "exercises", PUPIL_TYPE_JSON,
      PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, 65536, NULL,
      "The exercises, each with id, title and greatest score.", NULL },
    { "exercise_ids", PUPIL_TYPE_UUID_LIST, PUPIL_FIELD_REQUIRED, 3700, NULL,
      "Says which exercises a submission may be for.", NULL },
    { "assigned_by", PUPIL_TYPE_UUID, 0, 36, NULL,
      "Pupils know whom to ask.", NULL },
    { "assigned_at", PUPIL_TYPE_TIMESTAMP,
      PUPIL_FIELD_REQUIRED | PUPIL_FIELD_EMBARGO, 32, NULL,
      "Homework is shown from then on.", NULL },
    { "due_at", PUPIL_TYPE_TIMESTAMP, PUPIL_FIELD_REQUIRED, 32, NULL,
      "Homework is open until then.", NULL },
    { "deleted_at", PUPIL_TYPE_TIMESTAMP, PUPIL_FIELD_INTERNAL, 32, NULL,
      "Hides withdrawn homework while results still name it.", NULL }
};

#define HOMEWORK_SHOWN                                                        \
    "title description exercises exercise_ids assigned_by assigned_at due_at"

static const pupil_grant_t  homework_grants[] = {
    { HOMEWORK_SHOWN " deleted_at", PUPIL_PURPOSE_LEARNING,
      PUPIL_RELATION_TAUGHT_BY, PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK,
      0 },
    { HOMEWORK_SHOWN " deleted_at", PUPIL_PURPOSE_TEACHING,
      PUPIL_RELATION_TEACHES, PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK,
      0 },
    { HOMEWORK_SHOWN " deleted_at", PUPIL_PURPOSE_TEACHING,
      PUPIL_RELATION_TEACHES, PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK,
      0 },
    { HOMEWORK_SHOWN, PUPIL_PURPOSE_ACCOUNTABILITY, PUPIL_RELATION_DPO,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 }
};

static const pupil_retention_t  homework_retention = {
    PUPIL_EVENT_CREATED, 730, PUPIL_EXPIRY_ERASE
};

static const pupil_plugin_t  homework_plugin = {
    PUPIL_PLUGIN_HEADER,
    PUPIL_PLUGIN_NO_GENERIC_WRITE,
    "homework", "1.0.0",
    "Homework that a teacher gave to a class.",
    "The teachers of the class.",
    "none",
    PUPIL_OWNER_CLASS, PUPIL_CARDINALITY_MANY,
    homework_fields, PUPIL_COUNT(homework_fields), sizeof(pupil_field_t),
    homework_grants, PUPIL_COUNT(homework_grants), sizeof(pupil_grant_t),
    NULL, 0, 0,
    &homework_retention,
    NULL, 0
};


const pupil_plugin_t *
pupil_plugin(void)
{
    return &homework_plugin;
}
