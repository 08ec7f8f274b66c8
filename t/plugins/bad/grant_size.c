/*
 * Copyright (C) the Pupil authors
 *
 * refused: grant_size is 24, version 1.0 has 32
 */

#define BAD_GRANTS  grants, 1, 24

#include "bad.h"
