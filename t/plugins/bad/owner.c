/*
 * Copyright (C) the Pupil authors
 *
 * refused: owner is 9, not 1 to 2
 */

#define BAD_OWNER  9, PUPIL_CARDINALITY_ONE

#include "bad.h"
