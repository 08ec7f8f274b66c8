/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "owner" has a name that the host uses itself
 */

#define BAD_FIELD  .name = "owner"

#include "bad.h"
