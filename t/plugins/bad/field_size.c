/*
 * Copyright (C) the Pupil authors
 *
 * refused: field_size is 40, version 1.2 has 48
 */

#define BAD_PLUGIN  .field_size = 40

#include "bad.h"
