/*
 * Copyright (C) the Pupil authors
 *
 * refused: sealed_by is "kind", which is not a plain uuid
 */

#define BAD_FIELD  .sealed_by = "kind"
#define BAD_MORE_FIELDS                                                       \
    { .name = "kind", .type = PUPIL_TYPE_TEXT, .flags = PUPIL_FIELD_SEALED,   \
      .max_size = 100, .why = "Why." }

#include "bad.h"
