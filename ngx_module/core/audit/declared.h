/*
 * Copyright (C) the Pupil authors
 *
 * The note of a record by which a gateway declares numbers: of which writer,
 * then each range, "5-7" absent, "9=1" stored by choice 1, and "end 12" when
 * the writer is dead and 12 was the last number that it gave.
 *
 *     writer 00ff11ee22dd33cc: 5-7 9=1 end 12
 */

#ifndef PUPIL_AUDIT_DECLARED_H
#define PUPIL_AUDIT_DECLARED_H

#include "core/audit/numbers.h"


#define PUPIL_DECLARED_HEAD   32      /* bytes at most, with the end */
#define PUPIL_DECLARED_RANGE  48      /* of a range at most */


/* Each writes at p and returns where it ended; no NUL. */
uint8_t *pupil_declared_head(uint8_t *p, uint64_t writer);
uint8_t *pupil_declared_range(uint8_t *p, const pupil_numbers_range_t *range);
uint8_t *pupil_declared_end(uint8_t *p, uint64_t last);


/* Takes the head off the note; PUPIL_INVALID: it is none. */
pupil_rc_t pupil_declared_parse(pupil_str_t *note, uint64_t *writer);

/*
 * Takes the next range off.  *ended: it is the end, and range->last the last
 * number.  PUPIL_NOT_FOUND: there is none; PUPIL_INVALID.
 */
pupil_rc_t pupil_declared_next(pupil_str_t *note,
    pupil_numbers_range_t *range, int *ended);

#endif /* PUPIL_AUDIT_DECLARED_H */
