/*
 * Copyright (C) the Pupil authors
 *
 * refused: retention.days is 0, not 1 to 36500
 */

#define BAD_RETENTION  .days = 0

#include "bad.h"
