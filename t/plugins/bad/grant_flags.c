/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].flags are 0x2, known are 0x1
 */

#define BAD_GRANT  .flags = 2

#include "bad.h"
