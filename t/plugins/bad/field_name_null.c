/*
 * Copyright (C) the Pupil authors
 *
 * refused: fields[0].name is "(NULL)"
 */

#define BAD_FIELD  .name = NULL

#include "bad.h"
