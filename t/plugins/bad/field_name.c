/*
 * Copyright (C) the Pupil authors
 *
 * refused: fields[0].name is "col our", not [a-z][a-z0-9_]*
 */

#define BAD_FIELD  .name = "col our"

#include "bad.h"
