/*
 * Copyright (C) the Pupil authors
 *
 * refused: bad: an aggregate is what a retention that anonymises leaves: declare both, or neither
 */

#define BAD_PLUGIN  PUPIL_AGGREGATE(aggregate)

#include "bad.h"
