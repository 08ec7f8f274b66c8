/*
 * Copyright (C) the Pupil authors
 *
 * Rows of a role or an enrolment that do not say what they are of: they are
 * refused, and whom they are about keeps what there is.
 */

#ifndef PUPIL_CTL_ROSTER_UNKNOWN_H
#define PUPIL_CTL_ROSTER_UNKNOWN_H

#include "ctl/roster/format.h"
#include "ctl/roster/roster.h"


/* What of a row is empty that it needs, or NULL; who leaves needs nothing. */
const char *roster_unknown_cell(const roster_file_t *file,
    const roster_row_t *row);

/* Of a row that names nobody it is not known whose it is. */
void roster_unknown_refuse(roster_t *roster, roster_kind_t kind,
    const roster_row_t *row, const char *reason);

/* Whether it does not say which role it is, or where: it is refused then. */
int roster_unknown_role(roster_t *roster, const roster_row_t *row,
    const roster_link_t *link);
int roster_unknown_enrolment(roster_t *roster, const roster_row_t *row,
    roster_link_t *link);

#endif /* PUPIL_CTL_ROSTER_UNKNOWN_H */
