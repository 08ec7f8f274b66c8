/*
 * Copyright (C) the Pupil authors
 *
 * Whether a roster is what the last import of its source was of.
 */

#ifndef PUPIL_CTL_ROSTER_INPUT_H
#define PUPIL_CTL_ROSTER_INPUT_H

#include "ctl/roster/csv.h"
#include "ctl/roster/roster.h"


#define ROSTER_SETTINGS_TEXT  (2 * PUPIL_HASH_LEN + 1)


/*
 * A hash of what is to be done with a roster: what of it is taken, and what
 * plugins grant, which are open.  Returns -1 with the error said.
 */
int roster_input_settings(const ctl_t *ctl, const char *format,
    const char *source, char text[ROSTER_SETTINGS_TEXT]);

/*
 * A keyed fingerprint of its files, of what is to be done with them, of what
 * plugins grant, and of the day.  Returns -1 with the error said.
 */
int roster_input_print(roster_t *roster, const char *format, const char *path,
    csv_source_t *source, uint8_t print[ROSTER_PRINT_LEN]);

/*
 * 1 where the last import was of this, and all of it was done, which is noted
 * as another one; 0, or -1 with the error said.
 */
int roster_input_same(const roster_t *roster,
    const uint8_t print[ROSTER_PRINT_LEN]);

#endif /* PUPIL_CTL_ROSTER_INPUT_H */
