/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].relation is 0, not 1 to 8
 */

#define BAD_GRANT  .relation = PUPIL_RELATION_NONE

#include "bad.h"
