/*
 * Copyright (C) the Pupil authors
 *
 * What an import says in the end, also where it was held: files, lines, rules
 * and numbers, and no value (invariant I14).
 */

#ifndef PUPIL_CTL_ROSTER_REPORT_H
#define PUPIL_CTL_ROSTER_REPORT_H

#include "ctl/roster/roster.h"


/*
 * On standard output, as text or JSON, and as JSON in the file of --report.
 * Returns -1 with the error said, of the file.
 */
int roster_report(const roster_t *roster, double seconds);

#endif /* PUPIL_CTL_ROSTER_REPORT_H */
