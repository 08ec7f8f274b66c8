/*
 * Copyright (C) the Pupil authors
 *
 * refused: struct_size is 64, version 1.2 has 152
 */

#define BAD_PLUGIN  .struct_size = 64

#include "bad.h"
