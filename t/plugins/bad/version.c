/*
 * Copyright (C) the Pupil authors
 *
 * refused: version is "1.0", not MAJOR.MINOR.PATCH
 */

#define BAD_VERSION  "1.0"

#include "bad.h"
