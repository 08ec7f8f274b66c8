/*
 * Copyright (C) the Pupil authors
 *
 * Records that are anonymised: on the days that their plugin declares, what has
 * expired since the last is counted by groups, and deleted.
 */

#ifndef PUPIL_CTL_ANONYMISE_H
#define PUPIL_CTL_ANONYMISE_H

#include "core/plugin/loader.h"
#include "ctl/base/ctl.h"


/*
 * In one transaction: whoever is killed has counted nothing.  event: as
 * pupil.expired() takes it; held: the literal of an array of UUIDs.  *records:
 * those that went; *changed: adds those of them that somebody had changed.
 */
int ctl_anonymise_run(ctl_t *ctl, const char *held,
    pupil_category_t *category, const char *event, uint32_t days,
    int64_t *records, int64_t *changed);

#endif /* PUPIL_CTL_ANONYMISE_H */
