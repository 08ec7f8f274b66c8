/*
 * Copyright (C) the Pupil authors
 *
 * refused: flags are 0x80, known are 0x3
 */

#define BAD_PLUGIN  .flags = 0x80

#include "bad.h"
