/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": type is 44, not 1 to 9
 */

#define BAD_FIELD  .type = 44

#include "bad.h"
