/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].relation is 0, not 1 to 8
 */

#define BAD_GRANT                                                             \
    { "colour", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_NONE,                  \
    PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 }

#include "bad.h"
