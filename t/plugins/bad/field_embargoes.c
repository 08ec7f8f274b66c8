/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "late": PUPIL_FIELD_EMBARGO is field "early" already
 */

#define BAD_FIELD                                                             \
    { "early", PUPIL_TYPE_TIMESTAMP, PUPIL_FIELD_EMBARGO, 32, NULL, "Why.",   \
      NULL },                                                                 \
    { "late", PUPIL_TYPE_TIMESTAMP, PUPIL_FIELD_EMBARGO, 32, NULL, "Why.",    \
      NULL }

#include "bad.h"
