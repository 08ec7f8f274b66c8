/*
 * Copyright (C) the Pupil authors
 *
 * Category example: the subjects of interest that somebody has chosen.  It is
 * the template for authors of plugins: docs/plugin-guide.md walks through one.
 */

#include "pupil_plugin.h"


static int32_t example_normalise(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t in, pupil_value_t *out);
static int32_t example_validate(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value);


/* Hooks know a field by its place here. */
enum {
    EXAMPLE_FAVOURITE_SUBJECTS = 0,
    EXAMPLE_CHOSEN_ON
};

/* What is stored: a name, a type, sealed or plain, a bound, and why. */
static const pupil_field_t  example_fields[] = {
    [EXAMPLE_FAVOURITE_SUBJECTS] =
    { "favourite_subjects", PUPIL_TYPE_TEXT,
      PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, 200,
      "[\\p{L}\\p{N} ,-]+",
      "Shows first what somebody likes to learn or teaches.", NULL },
    [EXAMPLE_CHOSEN_ON] =
    { "chosen_on", PUPIL_TYPE_DATE, 0, 10, NULL,
      "Asks again when a choice is old.", NULL }
};

/* Who may touch it, why and how; what is not here is refused. */
static const pupil_grant_t  example_grants[] = {
    { "favourite_subjects chosen_on", PUPIL_PURPOSE_SUBJECT_ACCESS,
      PUPIL_RELATION_SELF, PUPIL_OPERATION_READ, PUPIL_BASIS_CONSENT, 0 },
    { "favourite_subjects chosen_on", PUPIL_PURPOSE_SUBJECT_ACCESS,
      PUPIL_RELATION_SELF, PUPIL_OPERATION_WRITE, PUPIL_BASIS_CONSENT, 0 },
    { "favourite_subjects", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,
      PUPIL_OPERATION_READ, PUPIL_BASIS_CONSENT, 0 }
};

/* What the operator can set: pupil_plugin ... max_subjects=3; */
static const pupil_option_t  example_options[] = {
    { "max_subjects", PUPIL_OPTION_INTEGER, 5, 1, 20,
      "How many subjects somebody can choose." }
};

static const pupil_retention_t  example_retention = {
    PUPIL_EVENT_ACCOUNT_CLOSED, 30, PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  example_hooks = {
    .normalise = example_normalise,
    .validate = example_validate
};

static const pupil_plugin_t  example_plugin = {
    PUPIL_PLUGIN_HEADER,
    0,
    "example", "1.0.0",
    "The subjects of interest that somebody has chosen.",
    "The person.",
    "none",
    PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_ONE,
    example_fields, PUPIL_COUNT(example_fields), sizeof(pupil_field_t),
    example_grants, PUPIL_COUNT(example_grants), sizeof(pupil_grant_t),
    example_options, PUPIL_COUNT(example_options), sizeof(pupil_option_t),
    &example_retention,
    &example_hooks, sizeof(pupil_hooks_t)
};


/* A hook may return a part of what it was given. */
static int32_t
example_normalise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t in, pupil_value_t *out)
{
    (void) host;
    (void) call;
    (void) field;

    while (in.len != 0 && in.data[in.len - 1] == ' ') {
        in.len--;
    }

    *out = in;

    return 0;
}


/* A rule beyond type, size and pattern: "maths, history" are two. */
static int32_t
example_validate(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value)
{
    size_t   i;
    int64_t  count;

    if (field != EXAMPLE_FAVOURITE_SUBJECTS) {
        return 0;
    }

    for (i = 0, count = 1; i < value.len; i++) {
        count += value.data[i] == ',';
    }

    if (count > host->option(call, "max_subjects")) {
        host->error(call, example_fields[field].name, "max_subjects");
        return -1;
    }

    return 0;
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &example_plugin;
}
