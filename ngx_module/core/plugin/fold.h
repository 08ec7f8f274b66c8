/*
 * Copyright (C) the Pupil authors
 *
 * The form in which identifiers are compared.
 */

#ifndef PUPIL_FOLD_H
#define PUPIL_FOLD_H

#include "core/base/pupil.h"


/*
 * The text as NFC, case-folded as Unicode has it for no language; what is no
 * UTF-8 as it is.  PUPIL_OK or PUPIL_NO_MEMORY.  *folded may point into text.
 */
pupil_rc_t pupil_fold(pupil_str_t text, const pupil_alloc_t *alloc,
    pupil_str_t *folded);

#endif /* PUPIL_FOLD_H */
