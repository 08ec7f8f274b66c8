/*
 * Copyright (C) the Pupil authors
 *
 * The Open University Learning Analytics Dataset (OULAD): presentations of
 * courses as classes, with a teacher each; assessments as homework; results of
 * its pseudonymous students, for whom names are made up.
 */

#ifndef PUPIL_CTL_OULAD_H
#define PUPIL_CTL_OULAD_H

#include "ctl/roster/format.h"


/*
 * A name for an id, always the same: NAME_SEED and the id, hashed with BLAKE2b
 * to 16 bytes; the first four, as a number in network byte order, choose the
 * given name, the next four the family name.
 */
void oulad_name(pupil_str_t id, pupil_str_t *given, pupil_str_t *family);


extern const roster_format_t  roster_oulad;

#endif /* PUPIL_CTL_OULAD_H */
