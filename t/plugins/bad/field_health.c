/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "health_notes": "health" is a special category
 */

#define BAD_FIELD  .name = "health_notes"

#include "bad.h"
