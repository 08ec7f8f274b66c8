/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].flags are 0x2, known are 0x1
 */

#define BAD_GRANT                                                             \
    { "colour", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,               \
    PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 2 }

#include "bad.h"
