/*
 * Copyright (C) the Pupil authors
 *
 * refused: name is "(NULL)", not [a-z][a-z0-9_]*
 */

#define BAD_PLUGIN  .name = NULL

#include "bad.h"
