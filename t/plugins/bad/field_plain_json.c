/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": type json needs PUPIL_FIELD_SEALED
 */

#define BAD_FIELD  { "colour", PUPIL_TYPE_JSON, 0, 100, NULL, "Why.", NULL }

#include "bad.h"
