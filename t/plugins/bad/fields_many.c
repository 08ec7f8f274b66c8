/*
 * Copyright (C) the Pupil authors
 *
 * refused: fields_count is 65, not 1 to 64
 */

#define BAD_PLUGIN  .fields_count = 65

#include "bad.h"
