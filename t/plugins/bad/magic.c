/*
 * Copyright (C) the Pupil authors
 *
 * refused: magic is 0x50555032, not 0x50555031
 */

#define BAD_HEADER  0x50555032, 1, 0, (uint32_t) sizeof(pupil_plugin_t)

#include "bad.h"
