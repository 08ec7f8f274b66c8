/*
 * Copyright (C) the Pupil authors
 *
 * Category enrolment: who learns or teaches where.  The rows authorise, so
 * that they are the host's own (pupil.enrolment) and this category is a view.
 * Titles belong to the class and the school, and are sealed by their keys.
 */

#include "pupil_plugin.h"


#define ENROLMENT_TITLE  "[^\\p{C}]+"

static const pupil_field_t  enrolment_fields[] = {
    { "class_id", PUPIL_TYPE_UUID, PUPIL_FIELD_REQUIRED, 36, NULL,
      "Finds the homework of a class.", NULL },
    { "class_title", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 400,
      ENROLMENT_TITLE, "Pupils and teachers know a class by it.",
      "class_id" },
    { "school_id", PUPIL_TYPE_UUID, PUPIL_FIELD_REQUIRED, 36, NULL,
      "Keeps the schools of one organiser apart.", NULL },
    { "school_title", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 400,
      ENROLMENT_TITLE, "Those with several schools choose one by it.",
      "school_id" },
    { "role", PUPIL_TYPE_TEXT, PUPIL_FIELD_REQUIRED, 16, "pupil|teacher",
      "Decides who teaches whom.", NULL },
    { "from", PUPIL_TYPE_DATE, PUPIL_FIELD_REQUIRED, 10, NULL,
      "An enrolment counts from this day.", NULL },
    { "to", PUPIL_TYPE_DATE, 0, 10, NULL,
      "An enrolment counts to the end of this day.", NULL }
};

#define ENROLMENT_ALL                                                         \
    "class_id class_title school_id school_title role from to"

static const pupil_grant_t  enrolment_grants[] = {
    { "school_id school_title role", PUPIL_PURPOSE_AUTHENTICATION,
      PUPIL_RELATION_SELF, PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { ENROLMENT_ALL, PUPIL_PURPOSE_SUBJECT_ACCESS, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 },
    { "class_id class_title", PUPIL_PURPOSE_LEARNING, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "class_id class_title", PUPIL_PURPOSE_LEARNING,
      PUPIL_RELATION_TAUGHT_BY, PUPIL_OPERATION_READ,
      PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "class_id class_title role from to", PUPIL_PURPOSE_TEACHING,
      PUPIL_RELATION_TEACHES, PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK,
      0 },
    { ENROLMENT_ALL, PUPIL_PURPOSE_ADMINISTRATION,
      PUPIL_RELATION_SCHOOL_ADMIN, PUPIL_OPERATION_READ,
      PUPIL_BASIS_PUBLIC_TASK, 0 },
    { ENROLMENT_ALL, PUPIL_PURPOSE_ADMINISTRATION,
      PUPIL_RELATION_TENANT_ADMIN, PUPIL_OPERATION_READ,
      PUPIL_BASIS_PUBLIC_TASK, 0 },
    { ENROLMENT_ALL, PUPIL_PURPOSE_ACCOUNTABILITY, PUPIL_RELATION_DPO,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 },
    { ENROLMENT_ALL, PUPIL_PURPOSE_ROSTERING, PUPIL_RELATION_SYSTEM,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 }
};

static const pupil_retention_t  enrolment_retention = {
    PUPIL_EVENT_ENROLMENT_ENDED, 365, PUPIL_EXPIRY_ERASE
};

static const pupil_plugin_t  enrolment_plugin = {
    PUPIL_PLUGIN_HEADER,
    PUPIL_PLUGIN_NO_GENERIC_WRITE,
    "enrolment", "1.0.0",
    "School, class and role of a pupil or a member of staff, and since when.",
    "The roster of the school.",
    "none",
    PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_MANY,
    enrolment_fields, PUPIL_COUNT(enrolment_fields), sizeof(pupil_field_t),
    enrolment_grants, PUPIL_COUNT(enrolment_grants), sizeof(pupil_grant_t),
    NULL, 0, 0,
    &enrolment_retention,
    NULL, 0
};


const pupil_plugin_t *
pupil_plugin(void)
{
    return &enrolment_plugin;
}
