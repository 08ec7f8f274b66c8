/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].purpose is 77, not 1 to 13
 */

#define BAD_GRANT                                                             \
    { "colour", 77, PUPIL_RELATION_TEACHES, PUPIL_OPERATION_READ,             \
    PUPIL_BASIS_PUBLIC_TASK, 0 }

#include "bad.h"
