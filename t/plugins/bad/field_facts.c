/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "facts" has a name that the host uses itself
 */

#define BAD_FIELD  .name = "facts"

#include "bad.h"
