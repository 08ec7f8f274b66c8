/*
 * Copyright (C) the Pupil authors
 *
 * refused: of at most 32 bytes
 */

#define BAD_FIELD  .name = "a23456789_123456789_123456789_123"

#include "bad.h"
