/*
 * Copyright (C) the Pupil authors
 *
 * The commands that import a roster.
 */

#ifndef PUPIL_CTL_IMPORT_H
#define PUPIL_CTL_IMPORT_H

#include "ctl/roster/format.h"


/* The options; 0, or -1 with the error said. */
int roster_import_check(const ctl_t *ctl, const roster_format_t *format);

/* An exit code.  Ownership: the source stays the caller's. */
int roster_import(ctl_t *ctl, const roster_format_t *format,
    csv_source_t *source);

int ctl_cmd_import_oneroster(ctl_t *ctl);
int ctl_cmd_import_oulad(ctl_t *ctl);
int ctl_cmd_import_sds(ctl_t *ctl);

#endif /* PUPIL_CTL_IMPORT_H */
