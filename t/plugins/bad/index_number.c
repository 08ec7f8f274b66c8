/*
 * Copyright (C) the Pupil authors
 *
 * refused: this is sealed integer
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_INTEGER, PUPIL_FIELD_SEALED |                      \
    PUPIL_FIELD_INDEXED, 100, NULL, "Why.", NULL }

#include "bad.h"
