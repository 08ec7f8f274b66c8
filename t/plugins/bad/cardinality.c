/*
 * Copyright (C) the Pupil authors
 *
 * refused: cardinality is 0, not 1 to 2
 */

#define BAD_PLUGIN  .cardinality = 0

#include "bad.h"
