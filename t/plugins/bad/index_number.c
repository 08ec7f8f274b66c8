/*
 * Copyright (C) the Pupil authors
 *
 * refused: this is sealed integer
 */

#define BAD_FIELD                                                             \
    .type = PUPIL_TYPE_INTEGER,                                               \
    .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_INDEXED

#include "bad.h"
