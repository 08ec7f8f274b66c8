/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "health_notes": "health" is a special category
 */

#define BAD_FIELD                                                             \
    { "health_notes", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL,         \
    "Why.", NULL }

#include "bad.h"
