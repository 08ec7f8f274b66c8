/*
 * Copyright (C) the Pupil authors
 *
 * refused: grant_size is 24, version 1.2 has 32
 */

#define BAD_PLUGIN  .grant_size = 24

#include "bad.h"
