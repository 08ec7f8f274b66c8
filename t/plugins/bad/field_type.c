/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": type is 44, not 1 to 9
 */

#define BAD_FIELD                                                             \
    { "colour", 44, PUPIL_FIELD_SEALED, 100, NULL, "Why.", NULL }

#include "bad.h"
