/*
 * Copyright (C) the Pupil authors
 *
 * refused: "religion" is a special category of personal data
 */

#define BAD_PLUGIN  .name = "religion"

#include "bad.h"
