/*
 * Copyright (C) the Pupil authors
 *
 * What a plugin declares to be left of its records when they are anonymised.
 */

#ifndef PUPIL_AGGREGATE_H
#define PUPIL_AGGREGATE_H

#include "core/base/pupil.h"
#include "pupil_plugin.h"


#define PUPIL_AGGREGATE_GROUPS  4       /* fields of a group */

/* Indexes of fields. */
typedef struct {
    uint32_t  group[PUPIL_AGGREGATE_GROUPS];
    uint32_t  count;
    uint32_t  value;
} pupil_aggregate_fields_t;


/* NULL: the plugin declares none, or is older than that. */
const pupil_aggregate_t *pupil_aggregate(const pupil_plugin_t *plugin);

/* Of a plugin that was checked and declares one. */
void pupil_aggregate_fields(const pupil_plugin_t *plugin,
    pupil_aggregate_fields_t *fields);

/* One of the checks of a descriptor, whose fields and grants are right. */
pupil_rc_t pupil_aggregate_check(const pupil_plugin_t *plugin,
    pupil_error_t *error);

#endif /* PUPIL_AGGREGATE_H */
