/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": pattern "(a": missing closing parenthesis at byte 2
 */

#define BAD_FIELD  .pattern = "(a"

#include "bad.h"
