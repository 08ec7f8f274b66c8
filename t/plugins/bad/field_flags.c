/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": flags are 0x41, known are 0x3f
 */

#define BAD_FIELD  .flags = 0x41

#include "bad.h"
