/*
 * Copyright (C) the Pupil authors
 *
 * refused: version is "1.0", not MAJOR.MINOR.PATCH
 */

#define BAD_PLUGIN  .version = "1.0"

#include "bad.h"
