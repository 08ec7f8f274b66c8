/*
 * Copyright (C) the Pupil authors
 *
 * refused: option "size": type is 9, not 1 to 3
 */

#define BAD_OPTION  .type = 9

#include "bad.h"
