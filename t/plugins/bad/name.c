/*
 * Copyright (C) the Pupil authors
 *
 * refused: name is "Bad Name", not [a-z][a-z0-9_]*
 */

#define BAD_PLUGIN  .name = "Bad Name"

#include "bad.h"
