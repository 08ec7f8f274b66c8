/*
 * Copyright (C) the Pupil authors
 *
 * refused: option "size": type is 9, not 1 to 3
 */

#define BAD_OPTION  { "size", 9, 5, 1, 9, "Why." }

#include "bad.h"
