/*
 * Copyright (C) the Pupil authors
 *
 * Records that are anonymised: on the days that their plugin declares, what has
 * expired since the last is counted by groups, and deleted.
 */

#ifndef PUPIL_CTL_ANONYMISE_H
#define PUPIL_CTL_ANONYMISE_H

#include "core/plugin/loader.h"
#include "ctl/retention/kept.h"


/*
 * In one transaction: whoever is killed has counted nothing.  event: as
 * pupil.expired() takes it.  *records: adds those that went; *changed: those of
 * them that somebody had changed.  1: as of ctl_kept_commit(), and nothing is
 * done.
 */
int ctl_anonymise_run(ctl_t *ctl, ctl_kept_t *kept,
    pupil_category_t *category, const char *event, uint32_t days,
    int64_t *records, int64_t *changed);

#endif /* PUPIL_CTL_ANONYMISE_H */
