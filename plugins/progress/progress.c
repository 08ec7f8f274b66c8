/*
 * Copyright (C) the Pupil authors
 *
 * Category progress: what a pupil answered, and how it was scored.
 */

#include "pupil_plugin.h"


static int32_t progress_validate(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value);


enum {
    PROGRESS_HOMEWORK_ID = 0,
    PROGRESS_CLASS_ID,
    PROGRESS_EXERCISE_ID,
    PROGRESS_DONE,
    PROGRESS_ANSWER,
    PROGRESS_RESULT
};

static const pupil_field_t  progress_fields[] = {
    [PROGRESS_HOMEWORK_ID] =
    { "homework_id", PUPIL_TYPE_UUID, PUPIL_FIELD_REQUIRED, 36, NULL,
      "Says which homework was worked on.", NULL },
    [PROGRESS_CLASS_ID] =
    { "class_id", PUPIL_TYPE_UUID, PUPIL_FIELD_REQUIRED, 36, NULL,
      "Shows a result to the teachers of that class alone.", NULL },
    [PROGRESS_EXERCISE_ID] =
    { "exercise_id", PUPIL_TYPE_UUID, PUPIL_FIELD_REQUIRED, 36, NULL,
      "Says which exercise was worked on.", NULL },
    [PROGRESS_DONE] =
    { "done", PUPIL_TYPE_BOOLEAN, PUPIL_FIELD_REQUIRED, 5, NULL,
      "Counts what is done without opening a result.", NULL },
    [PROGRESS_ANSWER] =
    { "answer", PUPIL_TYPE_JSON, PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED,
      8192, NULL, "What the pupil answered.", NULL },
    [PROGRESS_RESULT] =
    { "result", PUPIL_TYPE_JSON, PUPIL_FIELD_SEALED, 1024, NULL,
      "Score, success, duration and time of the answer.", NULL }
};

#define PROGRESS_ALL  "homework_id class_id exercise_id done answer result"

static const pupil_grant_t  progress_grants[] = {
    { PROGRESS_ALL, PUPIL_PURPOSE_LEARNING, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { PROGRESS_ALL, PUPIL_PURPOSE_LEARNING, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { PROGRESS_ALL, PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { PROGRESS_ALL, PUPIL_PURPOSE_SUBJECT_ACCESS, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 },
    { PROGRESS_ALL, PUPIL_PURPOSE_ACCOUNTABILITY, PUPIL_RELATION_DPO,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 }
};

static const pupil_retention_t  progress_retention = {
    PUPIL_EVENT_ENROLMENT_ENDED, 365, PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  progress_hooks = {
    .validate = progress_validate
};

static const pupil_plugin_t  progress_plugin = {
    PUPIL_PLUGIN_HEADER,
    PUPIL_PLUGIN_NO_GENERIC_WRITE,
    "progress", "1.0.0",
    "Answers and results of a pupil's homework.",
    "The pupil, through the learning platform.",
    "none",
    PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_MANY,
    progress_fields, PUPIL_COUNT(progress_fields), sizeof(pupil_field_t),
    progress_grants, PUPIL_COUNT(progress_grants), sizeof(pupil_grant_t),
    NULL, 0, 0,
    &progress_retention,
    &progress_hooks, sizeof(pupil_hooks_t)
};


/* A result is an object; the host has looked at its members. */
static int32_t
progress_validate(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value)
{
    if (field == PROGRESS_RESULT
        && (value.len == 0 || value.data[0] != '{'))
    {
        host->error(call, progress_fields[field].name, "type");
        return -1;
    }

    return 0;
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &progress_plugin;
}
