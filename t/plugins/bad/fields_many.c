/*
 * Copyright (C) the Pupil authors
 *
 * refused: fields_count is 65, not 1 to 64
 */

#define BAD_FIELDS  fields, 65, sizeof(pupil_field_t)

#include "bad.h"
