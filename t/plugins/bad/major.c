/*
 * Copyright (C) the Pupil authors
 *
 * refused: abi_major is 2, this host has 1
 */

#define BAD_HEADER  PUPIL_PLUGIN_MAGIC, 2, 0, (uint32_t) sizeof(pupil_plugin_t)

#include "bad.h"
