/*
 * Copyright (C) the Pupil authors
 *
 * A row becomes items and links.  Which values of it are taken is decided
 * here: those that a plugin grants to rostering, by the plugin's own rules
 * (invariant I3).  A row that cannot be taken is refused, in the report.
 */

#ifndef PUPIL_CTL_ROSTER_TAKE_H
#define PUPIL_CTL_ROSTER_TAKE_H

#include "ctl/roster/format.h"
#include "ctl/roster/roster.h"


/* Each is a roster_take_pt; the cells that it reads stand above it. */

/* ID, TITLE, HEAD */
void roster_take_institution(roster_t *roster, const roster_row_t *row);

/* ID, FROM, TO: an academic session, when both are dates */
void roster_take_term(roster_t *roster, const roster_row_t *row);

/*
 * ID, TITLE, TYPE, DEPARTMENT, INSTITUTION; FROM and TO, or else what TERMS
 * span.
 */
void roster_take_class(roster_t *roster, const roster_row_t *row);

/* ID, the values, and ROLE at INSTITUTIONS where there are both */
void roster_take_user(roster_t *roster, const roster_row_t *row);

/*
 * ID, the values, and the role of the row at INSTITUTION, which must be
 * known.  A teacher whom the institution names as its head administers it.
 */
void roster_take_member(roster_t *roster, const roster_row_t *row);

/* USER, INSTITUTION, ROLE; FROM and TO, or else what TERMS span */
void roster_take_role(roster_t *roster, const roster_row_t *row);

/*
 * USER, CLASS, the role of the row; FROM and TO, or else those of the class.
 * Whoever is in a class has that role at its institution as well.
 */
void roster_take_enrolment(roster_t *roster, const roster_row_t *row);

#endif /* PUPIL_CTL_ROSTER_TAKE_H */
