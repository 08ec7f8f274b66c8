/*
 * Copyright (C) the Pupil authors
 *
 * refused: owner is 9, not 1 to 2
 */

#define BAD_PLUGIN  .owner = 9

#include "bad.h"
