/*
 * Copyright (C) the Pupil authors
 *
 * refused: magic is 0x50555032, not 0x50555031
 */

#define BAD_PLUGIN  .magic = 0x50555032

#include "bad.h"
