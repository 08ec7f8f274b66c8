/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": type uuid_list cannot be sealed
 */

#define BAD_FIELD  .type = PUPIL_TYPE_UUID_LIST

#include "bad.h"
