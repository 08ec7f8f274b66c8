/*
 * Copyright (C) the Pupil authors
 *
 * refused: "colour" is granted twice (purpose teaching, relation teaches, operation read)
 */

#define BAD_GRANT                                                             \
    { "colour", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,               \
    PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 }, { "colour",           \
    PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES, PUPIL_OPERATION_READ,     \
    PUPIL_BASIS_PUBLIC_TASK, 0 }

#include "bad.h"
