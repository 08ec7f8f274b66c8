/*
 * Copyright (C) the Pupil authors
 *
 * Which schools are licensed and which classes were chosen: what a list does
 * not have is not taken, as if the roster did not say it.
 */

#ifndef PUPIL_CTL_ROSTER_CHOSEN_H
#define PUPIL_CTL_ROSTER_CHOSEN_H

#include "ctl/roster/roster.h"


/* The lists that the options name.  Returns -1 with the error said. */
int roster_chosen_read(roster_t *roster);

/* Whether an institution or a class with this id is to be taken. */
int roster_chosen(const roster_t *roster, roster_kind_t kind, pupil_str_t id);

/* Into the report: what of a list the roster does not have. */
void roster_chosen_report(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_CHOSEN_H */
