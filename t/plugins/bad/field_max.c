/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": max_size is 65537, not 1 to 65536
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 65537, NULL, "Why.",     \
    NULL }

#include "bad.h"
