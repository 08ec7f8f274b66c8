/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants_count is 0, not 1 to 256
 */

#define BAD_PLUGIN  .grants = NULL, .grants_count = 0

#include "bad.h"
