/*
 * Copyright (C) the Pupil authors
 *
 * refused: fields[0].name is "(NULL)"
 */

#define BAD_FIELD                                                             \
    { NULL, PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.", NULL }

#include "bad.h"
