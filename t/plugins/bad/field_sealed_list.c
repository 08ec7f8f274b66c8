/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": type uuid_list cannot be sealed
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_UUID_LIST, PUPIL_FIELD_SEALED, 100, NULL,          \
    "Why.", NULL }

#include "bad.h"
