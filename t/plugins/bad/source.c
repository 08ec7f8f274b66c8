/*
 * Copyright (C) the Pupil authors
 *
 * refused: source is NULL, not a sentence
 */

#define BAD_ABOUT  "A category.", NULL, "none"

#include "bad.h"
