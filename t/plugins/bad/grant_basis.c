/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].basis is 0, not 1 to 6
 */

#define BAD_GRANT  .basis = PUPIL_BASIS_NONE

#include "bad.h"
