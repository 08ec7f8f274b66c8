/*
 * Copyright (C) the Pupil authors
 *
 * refused: option "size": value is 50, not 1 to 9
 */

#define BAD_OPTION  .value = 50

#include "bad.h"
