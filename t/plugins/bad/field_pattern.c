/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": pattern "(a": missing closing parenthesis at byte 2
 */

#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, "(a", "Why.",       \
    NULL }

#include "bad.h"
