/*
 * Copyright (C) the Pupil authors
 *
 * refused: retention is NULL: say how long a record is kept
 */

#define BAD_PLUGIN  .retention = NULL

#include "bad.h"
