/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].fields names "smell", which is no field of this category
 */

#define BAD_GRANT  .fields = "colour smell"

#include "bad.h"
