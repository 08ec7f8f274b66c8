/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": flags are 0x41, known are 0x1f
 */

#define BAD_FIELD  { "colour", PUPIL_TYPE_TEXT, 0x41, 100, NULL, "Why.", NULL }

#include "bad.h"
