/*
 * Copyright (C) the Pupil authors
 *
 * refused: retention_size is 8, version 1.2 has 12
 */

#define BAD_PLUGIN  .retention_size = 8

#include "bad.h"
