/*
 * Copyright (C) the Pupil authors
 *
 * refused: names "colour" without "class_id", whose key seals it
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.",       \
    "class_id" }, { "class_id", PUPIL_TYPE_UUID, 0, 36, NULL, "Why.", NULL    \
    }

#include "bad.h"
