/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": max_size is 65537, not 1 to 65536
 */

#define BAD_FIELD  .max_size = 65537

#include "bad.h"
