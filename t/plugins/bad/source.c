/*
 * Copyright (C) the Pupil authors
 *
 * refused: source is NULL, not a sentence
 */

#define BAD_PLUGIN  .source = NULL

#include "bad.h"
