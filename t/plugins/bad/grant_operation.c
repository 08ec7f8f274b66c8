/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].operation is 3, not 1 to 2
 */

#define BAD_GRANT  .operation = 3

#include "bad.h"
