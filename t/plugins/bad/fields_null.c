/*
 * Copyright (C) the Pupil authors
 *
 * refused: fields is NULL, fields_count is 3
 */

#define BAD_PLUGIN  .fields = NULL, .fields_count = 3

#include "bad.h"
