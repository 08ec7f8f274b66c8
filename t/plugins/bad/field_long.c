/*
 * Copyright (C) the Pupil authors
 *
 * refused: of at most 32 bytes
 */

#define BAD_FIELD                                                             \
    { "a23456789_123456789_123456789_123", PUPIL_TYPE_TEXT,                   \
    PUPIL_FIELD_SEALED, 100, NULL, "Why.", NULL }

#include "bad.h"
