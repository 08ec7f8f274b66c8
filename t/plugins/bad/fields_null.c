/*
 * Copyright (C) the Pupil authors
 *
 * refused: fields is NULL, fields_count is 3
 */

#define BAD_FIELDS  NULL, 3, sizeof(pupil_field_t)

#include "bad.h"
