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

/* The categories that the data database has, enrolments behind the others. */
PGresult *ctl_retention_categories(ctl_t *ctl);

/* NULL with the error said: its plugin is not there. */
pupil_category_t *ctl_retention_category(ctl_t *ctl, const PGresult *res,
    int row);

/* From when on it counts, as pupil.expired() takes it. */
const char *ctl_retention_event(const pupil_plugin_t *plugin);

#endif /* PUPIL_CTL_RETENTION_H */
