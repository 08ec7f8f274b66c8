/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].fields names "smell", which is no field of this category
 */

#define BAD_GRANT                                                             \
    { "colour smell", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,         \
    PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 }

#include "bad.h"
