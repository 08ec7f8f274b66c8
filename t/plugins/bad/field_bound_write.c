/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": PUPIL_FIELD_BOUND needs PUPIL_PLUGIN_NO_GENERIC_WRITE
 */

#define BAD_FIELD  .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_BOUND

#include "bad.h"
