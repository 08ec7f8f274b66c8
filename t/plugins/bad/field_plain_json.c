/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": type json needs PUPIL_FIELD_SEALED
 */

#define BAD_FIELD  .type = PUPIL_TYPE_JSON, .flags = 0

#include "bad.h"
