/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": PUPIL_FIELD_EMBARGO is for a plain timestamp; this is plain text
 */

#define BAD_FIELD  .flags = PUPIL_FIELD_EMBARGO

#include "bad.h"
