/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour" is indexed, but hooks.index_term is NULL
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED | PUPIL_FIELD_INDEXED,    \
    100, NULL, "Why.", NULL }
#define BAD_HOOKS  &hooks, sizeof(pupil_hooks_t)

#include "bad.h"
