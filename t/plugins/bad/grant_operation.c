/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].operation is 3, not 1 to 2
 */

#define BAD_GRANT                                                             \
    { "colour", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES, 3,            \
    PUPIL_BASIS_PUBLIC_TASK, 0 }

#include "bad.h"
