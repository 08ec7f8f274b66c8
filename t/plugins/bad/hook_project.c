/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0] is projected, but hooks.project is NULL
 */

#define BAD_GRANT                                                             \
    { "colour", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,               \
    PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, PUPIL_GRANT_PROJECTED }
#define BAD_HOOKS  &hooks, sizeof(pupil_hooks_t)

#include "bad.h"
