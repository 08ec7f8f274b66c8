/*
 * Copyright (C) the Pupil authors
 *
 * refused: PUPIL_FIELD_INDEXED is for sealed text of the record's owner; this is plain text
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_INDEXED, 100, NULL, "Why.",      \
    NULL }

#include "bad.h"
