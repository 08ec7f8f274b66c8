/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour" is there twice: fields[0] and fields[1]
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.",       \
    NULL }, { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL,       \
    "Why.", NULL }

#include "bad.h"
