/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": PUPIL_FIELD_BOUND is for values of the record's owner; this one is sealed by class_id
 */

#define BAD_FIELD        .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_BOUND,     \
                         .sealed_by = "class_id"
#define BAD_MORE_FIELDS  { .name = "class_id", .type = PUPIL_TYPE_UUID,       \
                           .max_size = 36, .why = "Why." }

#include "bad.h"
