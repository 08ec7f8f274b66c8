/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "owner" has a name that the host uses itself
 */

#define BAD_FIELD                                                             \
    { "owner", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.",        \
    NULL }

#include "bad.h"
