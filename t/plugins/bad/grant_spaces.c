/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].fields names "", which is no field
 */

#define BAD_GRANT                                                             \
    { "colour ", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,              \
    PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 }

#include "bad.h"
