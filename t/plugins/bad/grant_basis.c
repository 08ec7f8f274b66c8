/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].basis is 0, not 1 to 6
 */

#define BAD_GRANT                                                             \
    { "colour", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,               \
    PUPIL_OPERATION_READ, 0, 0 }

#include "bad.h"
