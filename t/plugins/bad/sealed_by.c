/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": sealed_by is "class_id", which is no field
 */

#define BAD_FIELD  .sealed_by = "class_id"

#include "bad.h"
