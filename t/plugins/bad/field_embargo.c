/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": PUPIL_FIELD_EMBARGO is for a plain timestamp; this is plain text
 */

#define BAD_FIELD  { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_EMBARGO, 100,     \
                     NULL, "Why.", NULL }

#include "bad.h"
