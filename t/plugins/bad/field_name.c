/*
 * Copyright (C) the Pupil authors
 *
 * refused: fields[0].name is "col our", not [a-z][a-z0-9_]*
 */

#define BAD_FIELD                                                             \
    { "col our", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.",      \
    NULL }

#include "bad.h"
