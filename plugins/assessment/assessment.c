/*
 * Copyright (C) the Pupil authors
 *
 * Category assessment: what a teacher says of a pupil's homework.  It is the
 * pupil's, and does not exist for the pupil until it is returned.
 */

#include "pupil_plugin.h"


static const pupil_field_t  assessment_fields[] = {
    { .name = "homework_id", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 36,
      .why = "Says which homework was assessed." },
    { .name = "class_id", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 36,
      .why = "Shows an assessment to the teachers of that class alone." },
    { .name = "assessed_by", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 36,
      .why = "Pupils know who has assessed them, and that it was a person." },
    { .name = "points", .type = PUPIL_TYPE_DECIMAL,
      .flags = PUPIL_FIELD_SEALED, .max_size = 40,
      .why = "How many points the teacher gives, whatever a machine gave." },
    { .name = "comment", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = 8000,
      .why = "Tells a pupil what was good and how to go on." },
    { .name = "returned_at", .type = PUPIL_TYPE_TIMESTAMP,
      .flags = PUPIL_FIELD_EMBARGO | PUPIL_FIELD_BOUND, .max_size = 32,
      .why = "Pupils see an assessment from then on." }
};

#define ASSESSMENT_ALL                                                        \
    "homework_id class_id assessed_by points comment returned_at"

static const pupil_grant_t  assessment_grants[] = {
    { .fields = ASSESSMENT_ALL, .purpose = PUPIL_PURPOSE_LEARNING,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = ASSESSMENT_ALL, .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = ASSESSMENT_ALL, .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = ASSESSMENT_ALL, .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = ASSESSMENT_ALL, .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relation = PUPIL_RELATION_DPO, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION }
};

static const pupil_retention_t  assessment_retention = {
    .from = PUPIL_EVENT_ENROLMENT_ENDED,
    .days = 365,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_plugin_t  assessment_plugin = {
    PUPIL_PLUGIN_HEADER,
    .flags = PUPIL_PLUGIN_NO_GENERIC_WRITE,
    .name = "assessment",
    .version = "1.0.0",
    .summary = "What teachers say of a pupil's homework.",
    .source = "The teachers of the class.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(assessment_fields),
    PUPIL_GRANTS(assessment_grants),
    PUPIL_RETENTION(assessment_retention)
};


const pupil_plugin_t *
pupil_plugin(void)
{
    return &assessment_plugin;
}
