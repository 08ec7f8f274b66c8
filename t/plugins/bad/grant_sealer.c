/*
 * Copyright (C) the Pupil authors
 *
 * refused: names "colour" without "class_id", whose key seals it
 */

#define BAD_FIELD  .sealed_by = "class_id"
#define BAD_MORE_FIELDS                                                       \
    { .name = "class_id", .type = PUPIL_TYPE_UUID, .max_size = 36,            \
      .why = "Why." }

#include "bad.h"
