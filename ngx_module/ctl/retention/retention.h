/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl retention run.
 */

#ifndef PUPIL_CTL_RETENTION_H
#define PUPIL_CTL_RETENTION_H

#include "core/plugin/loader.h"
#include "ctl/base/ctl.h"


int ctl_cmd_retention_run(ctl_t *ctl);

/*
 * In the transaction that deletes: records of a category went, of these owners,
 * the first column of res.
 */
int ctl_retention_record(ctl_t *ctl, const pupil_plugin_t *plugin,
    const PGresult *res, int64_t records);

/*
 * For each category that the data database has, enrolments behind the others,
 * until it fails or the plugin of one is not there, which is said.
 */
int ctl_retention_each(ctl_t *ctl, int (*run)(ctl_t *ctl,
    pupil_category_t *category, void *data), void *data);

/* From when on it counts, as pupil.expired() takes it. */
const char *ctl_retention_event(const pupil_plugin_t *plugin);

#endif /* PUPIL_CTL_RETENTION_H */
