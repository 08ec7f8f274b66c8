/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": sealed_by is "class_id", which is no field
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.",       \
    "class_id" }

#include "bad.h"
