/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "late": PUPIL_FIELD_EMBARGO is field "early" already
 */

#define BAD_FIELD                                                             \
    .name = "early", .type = PUPIL_TYPE_TIMESTAMP, .flags = PUPIL_FIELD_EMBARGO
#define BAD_MORE_FIELDS                                                       \
    { .name = "late", .type = PUPIL_TYPE_TIMESTAMP,                           \
      .flags = PUPIL_FIELD_EMBARGO, .max_size = 32, .why = "Why." }

#include "bad.h"
