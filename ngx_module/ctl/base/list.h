/*
 * Copyright (C) the Pupil authors
 *
 * What the lists of pupilctl share.
 */

#ifndef PUPIL_CTL_LIST_H
#define PUPIL_CTL_LIST_H

#include "ctl/base/ctl.h"


/* --limit as text, or its default; -1 with the error said. */
int ctl_limit_read(const ctl_t *ctl, char text[16]);

/* text may be NULL; -1 with the error said. */
int ctl_id_check(const char *text, const char *option);

/* Whether a terminal shows the answer: what it is of stands above it then. */
int ctl_is_terminal(void);

/*
 * The rows: as {name: [...]} with --json, else one a line, under a line of
 * column names for a terminal; many subjects are then a number, and what is
 * not there is "-".  columns ends with NULL.
 */
void ctl_list_print(const ctl_t *ctl, const PGresult *res, const char *name,
    const char *const *columns);

#endif /* PUPIL_CTL_LIST_H */
