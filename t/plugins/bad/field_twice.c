/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour" is there twice: fields[0] and fields[1]
 */

#define BAD_MORE_FIELDS                                                       \
    { .name = "colour", .type = PUPIL_TYPE_TEXT,                              \
      .flags = PUPIL_FIELD_SEALED, .max_size = 100, .why = "Why." }

#include "bad.h"
