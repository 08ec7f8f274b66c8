/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0] is projected, but hooks.project is NULL
 */

#define BAD_GRANT  .flags = PUPIL_GRANT_PROJECTED

#include "bad.h"
