/*
 * Copyright (C) the Pupil authors
 *
 * refused: option "size": value is 50, not 1 to 9
 */

#define BAD_OPTION  { "size", PUPIL_OPTION_INTEGER, 50, 1, 9, "Why." }

#include "bad.h"
