/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].fields is NULL
 */

#define BAD_GRANT  .fields = NULL

#include "bad.h"
