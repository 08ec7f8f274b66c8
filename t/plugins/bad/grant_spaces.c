/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].fields names "", which is no field
 */

#define BAD_GRANT  .fields = "colour "

#include "bad.h"
