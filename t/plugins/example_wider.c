/*
 * Copyright (C) the Pupil authors
 *
 * The next version of the category example, for t/accepted.t: teachers read
 * when a choice was made, too, which they could not.
 */

#define pupil_plugin  example_before
#include "../../plugins/example/example.c"
#undef pupil_plugin


PUPIL_EXPORT const pupil_plugin_t *pupil_plugin(void);


static const pupil_grant_t  wider_grants[] = {
    { .fields = "favourite_subjects chosen_on",
      .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_CONSENT },
    { .fields = "favourite_subjects chosen_on",
      .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_CONSENT }
};

static const pupil_plugin_t  wider_plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "example",
    .version = "1.1.0",
    .summary = "The subjects of interest that somebody has chosen.",
    .source = "The person.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_ONE,
    PUPIL_FIELDS(example_fields),
    PUPIL_GRANTS(wider_grants),
    PUPIL_RETENTION(example_retention)
};


const pupil_plugin_t *
pupil_plugin(void)
{
    return &wider_plugin;
}
