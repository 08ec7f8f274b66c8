/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": why is NULL
 */

#define BAD_FIELD  .why = NULL

#include "bad.h"
