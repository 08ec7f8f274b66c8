/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl retention run.
 */

#ifndef PUPIL_CTL_RETENTION_H
#define PUPIL_CTL_RETENTION_H

#include "ctl/base/ctl.h"


int ctl_cmd_retention_run(ctl_t *ctl);

/*
 * In the transaction that deletes: records of a category went, of these owners,
 * the first column of res.
 */
int ctl_retention_record(ctl_t *ctl, const pupil_plugin_t *plugin,
    const PGresult *res, int64_t records);

#endif /* PUPIL_CTL_RETENTION_H */
