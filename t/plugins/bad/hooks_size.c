/*
 * Copyright (C) the Pupil authors
 *
 * refused: hooks_size is 8, version 1.2 has 40
 */

#define BAD_PLUGIN  .hooks_size = 8

#include "bad.h"
