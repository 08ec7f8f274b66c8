/*
 * Copyright (C) the Pupil authors
 *
 * Category enrolment: who learns or teaches where.  The rows authorise, so
 * that they are the host's own (pupil.enrolment) and this category is a view.
 * Titles belong to the class and the school, and are sealed by their keys.
 */

#include "pupil_plugin.h"
#include "../common/text.h"


static const pupil_field_t  enrolment_fields[] = {
    { .name = "class_id", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED, .max_size = 36,
      .why = "Finds the homework of a class." },
    { .name = "class_title", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = 400, .pattern = PUPIL_LINE,
      .why = "Pupils and teachers know a class by it.",
      .sealed_by = "class_id" },
    { .name = "school_id", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED, .max_size = 36,
      .why = "Keeps the schools of one organiser apart." },
    { .name = "school_title", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = 400, .pattern = PUPIL_LINE,
      .why = "Those with several schools choose one by it.",
      .sealed_by = "school_id" },
    { .name = "role", .type = PUPIL_TYPE_TEXT, .flags = PUPIL_FIELD_REQUIRED,
      .max_size = 16, .pattern = "pupil|teacher",
      .why = "Decides who teaches whom." },
    { .name = "from", .type = PUPIL_TYPE_DATE, .flags = PUPIL_FIELD_REQUIRED,
      .max_size = 10, .why = "An enrolment counts from this day." },
    { .name = "to", .type = PUPIL_TYPE_DATE, .max_size = 10,
      .why = "An enrolment counts to the end of this day." },
    { .name = "group_type", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = 16,
      .pattern = "main|year|line|taught|mentor|team|leisure|other",
      .why = "Tells somebody's main class from the groups that they are in"
             " besides.",
      .sealed_by = "class_id" },
    { .name = "department", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = 400, .pattern = PUPIL_LINE,
      .why = "Tells classes of one name apart in a school that has several"
             " departments.",
      .sealed_by = "class_id" }
};

#define ENROLMENT_ALL                                                         \
    "class_id class_title school_id school_title role from to group_type"     \
    " department"

static const pupil_grant_t  enrolment_grants[] = {
    { .fields = "school_id school_title role",
      .purpose = PUPIL_PURPOSE_AUTHENTICATION, .relation = PUPIL_RELATION_SELF,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = ENROLMENT_ALL, .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = "class_id class_title group_type department",
      .purpose = PUPIL_PURPOSE_LEARNING, .relation = PUPIL_RELATION_SELF,
      .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "class_id class_title", .purpose = PUPIL_PURPOSE_LEARNING,
      .relation = PUPIL_RELATION_TAUGHT_BY, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "class_id class_title role from to group_type department",
      .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = ENROLMENT_ALL, .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relation = PUPIL_RELATION_SCHOOL_ADMIN,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = ENROLMENT_ALL, .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relation = PUPIL_RELATION_TENANT_ADMIN,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = ENROLMENT_ALL, .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relation = PUPIL_RELATION_DPO, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = ENROLMENT_ALL, .purpose = PUPIL_PURPOSE_SUPPORT,
      .relation = PUPIL_RELATION_SUPPORT_GRANT,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = ENROLMENT_ALL, .purpose = PUPIL_PURPOSE_ROSTERING,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  enrolment_retention = {
    .from = PUPIL_EVENT_ENROLMENT_ENDED,
    .days = 365,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_plugin_t  enrolment_plugin = {
    PUPIL_PLUGIN_HEADER,
    .flags = PUPIL_PLUGIN_NO_GENERIC_WRITE,
    .name = "enrolment",
    .version = "1.2.0",
    .summary =
        "School, class and role of a pupil or a member of staff, and since"
        " when.",
    .source = "The roster of the school.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(enrolment_fields),
    PUPIL_GRANTS(enrolment_grants),
    PUPIL_RETENTION(enrolment_retention)
};


const pupil_plugin_t *
pupil_plugin(void)
{
    return &enrolment_plugin;
}
