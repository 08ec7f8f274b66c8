/*
 * Copyright (C) the Pupil authors
 *
 * refused: sealed_by is "kind", which is not a plain uuid
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.",       \
    "kind" }, { "kind", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL,       \
    "Why.", NULL }

#include "bad.h"
