/*
 * Copyright (C) the Pupil authors
 *
 * refused: abi_minor is 7, this host has 2
 */

#define BAD_PLUGIN  .abi_minor = 7, .struct_size = sizeof(pupil_plugin_t) + 64

#include "bad.h"
