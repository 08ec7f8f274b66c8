/*
 * Copyright (C) the Pupil authors
 *
 * Category progress: what a pupil answered, and how it was scored.
 */

#include <string.h>

#include "pupil_plugin.h"


static int32_t progress_validate(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value);
static int32_t progress_anonymise(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value, int64_t now, pupil_value_t *out);
static double progress_number(const uint8_t *data, size_t len);


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
    { .name = "homework_id", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 36,
      .why = "Says which homework was worked on." },
    [PROGRESS_CLASS_ID] =
    { .name = "class_id", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 36,
      .why = "Shows a result to the teachers of that class alone." },
    [PROGRESS_EXERCISE_ID] =
    { .name = "exercise_id", .type = PUPIL_TYPE_UUID,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 36,
      .why = "Says which exercise was worked on." },
    [PROGRESS_DONE] =
    { .name = "done", .type = PUPIL_TYPE_BOOLEAN,
      .flags = PUPIL_FIELD_REQUIRED | PUPIL_FIELD_BOUND, .max_size = 5,
      .why = "Counts what is done without opening a result." },
    [PROGRESS_ANSWER] =
    { .name = "answer", .type = PUPIL_TYPE_JSON,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, .max_size = 60000,
      .why = "What the pupil answered." },
    [PROGRESS_RESULT] =
    { .name = "result", .type = PUPIL_TYPE_JSON, .flags = PUPIL_FIELD_SEALED,
      .max_size = 1024,
      .why = "Score and who gave it, success, duration and time." }
};

#define PROGRESS_ALL  "homework_id class_id exercise_id done answer result"

static const pupil_grant_t  progress_grants[] = {
    { .fields = PROGRESS_ALL, .purpose = PUPIL_PURPOSE_LEARNING,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = PROGRESS_ALL, .purpose = PUPIL_PURPOSE_LEARNING,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = PROGRESS_ALL, .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = PROGRESS_ALL, .purpose = PUPIL_PURPOSE_ROSTERING,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = PROGRESS_ALL, .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = PROGRESS_ALL, .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relation = PUPIL_RELATION_DPO, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = "homework_id exercise_id result",
      .purpose = PUPIL_PURPOSE_STATISTICS,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  progress_retention = {
    .from = PUPIL_EVENT_ENROLMENT_ENDED,
    .days = 365,
    .then = PUPIL_EXPIRY_ANONYMISE
};

static const pupil_aggregate_t  progress_aggregate = {
    .group = "homework_id exercise_id",
    .value = "result",
    .threshold = 10,
    .months = 6,
    .why = "Shows how exercises turned out once nobody's answers are left."
};

static const pupil_hooks_t  progress_hooks = {
    .validate = progress_validate,
    .anonymise = progress_anonymise
};

/* Of a result there stays in which quarter of the scores it was. */
static const char *const  progress_bands[] = {
    "0-24%", "25-49%", "50-74%", "75-100%"
};

static const pupil_plugin_t  progress_plugin = {
    PUPIL_PLUGIN_HEADER,
    .flags = PUPIL_PLUGIN_NO_GENERIC_WRITE,
    .name = "progress",
    .version = "1.4.0",
    .summary = "Answers and results of a pupil's homework.",
    .source = "The pupil, through the learning platform, or an import of a"
              " course.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(progress_fields),
    PUPIL_GRANTS(progress_grants),
    PUPIL_RETENTION(progress_retention),
    PUPIL_AGGREGATE(progress_aggregate),
    PUPIL_HOOKS(progress_hooks)
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


/* Ids of exercises are nobody's.  A result without a score is not counted. */
static int32_t
progress_anonymise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value, int64_t now, pupil_value_t *out)
{
    size_t          score_len, raw_len, max_len;
    double          share, most;
    const char     *band;
    const uint8_t  *score, *raw, *max;

    (void) now;

    if (field == PROGRESS_HOMEWORK_ID || field == PROGRESS_EXERCISE_ID) {
        *out = value;
        return 0;
    }

    if (field != PROGRESS_RESULT
        || host->json_member(call, value.data, value.len, "score", &score,
                             &score_len) != 0
        || host->json_member(call, score, score_len, "raw", &raw, &raw_len)
           != 0
        || host->json_member(call, score, score_len, "max", &max, &max_len)
           != 0)
    {
        out->len = 0;
        return 0;
    }

    most = progress_number(max, max_len);
    share = most > 0 ? progress_number(raw, raw_len) / most : 0;

    band = progress_bands[share >= 0.75 ? 3 : share >= 0.5 ? 2
                          : share >= 0.25 ? 1 : 0];
    out->data = (const uint8_t *) band;
    out->len = strlen(band);

    return 0;
}


/* Of JSON, without an exponent, as the host has taken it. */
static double
progress_number(const uint8_t *data, size_t len)
{
    double  value, unit;
    size_t  i;

    value = 0;
    unit = 0;

    for (i = 0; i < len; i++) {
        if (data[i] == '.') {
            unit = 1;

        } else if (data[i] >= '0' && data[i] <= '9') {
            value = value * 10 + (data[i] - '0');
            unit *= 10;
        }
    }

    if (unit > 1) {
        value /= unit;
    }

    return len > 0 && data[0] == '-' ? -value : value;
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &progress_plugin;
}
