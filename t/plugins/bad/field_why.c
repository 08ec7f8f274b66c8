/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": why is NULL
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, NULL, NULL    \
    }

#include "bad.h"
