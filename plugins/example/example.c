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
    { .name = "favourite_subjects", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, .max_size = 200,
      .pattern = "[\\p{L}\\p{N} ,-]+",
      .why = "Shows first what somebody likes to learn or teaches." },
    [EXAMPLE_CHOSEN_ON] =
    { .name = "chosen_on", .type = PUPIL_TYPE_DATE, .max_size = 10,
      .why = "Asks again when a choice is old." }
};

/* Who may touch it, why and how; what is not here is refused. */
static const pupil_grant_t  example_grants[] = {
    { .fields = "favourite_subjects chosen_on",
      .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_CONSENT },
    { .fields = "favourite_subjects chosen_on",
      .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF,
      .operation = PUPIL_OPERATION_WRITE, .basis = PUPIL_BASIS_CONSENT },
    { .fields = "favourite_subjects", .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_CONSENT }
};

/* What the operator can set: pupil_plugin ... max_subjects=3; */
static const pupil_option_t  example_options[] = {
    { .name = "max_subjects", .type = PUPIL_OPTION_INTEGER, .value = 5,
      .min = 1, .max = 20, .why = "How many subjects somebody can choose." }
};

static const pupil_retention_t  example_retention = {
    .from = PUPIL_EVENT_ACCOUNT_CLOSED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  example_hooks = {
    .normalise = example_normalise,
    .validate = example_validate
};

static const pupil_plugin_t  example_plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "example",
    .version = "1.0.0",
    .summary = "The subjects of interest that somebody has chosen.",
    .source = "The person.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_ONE,
    PUPIL_FIELDS(example_fields),
    PUPIL_GRANTS(example_grants),
    PUPIL_OPTIONS(example_options),
    PUPIL_RETENTION(example_retention),
    PUPIL_HOOKS(example_hooks)
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
