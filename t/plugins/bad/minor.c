/*
 * Copyright (C) the Pupil authors
 *
 * refused: abi_minor is 7, this host has 0
 */

#define BAD_HEADER                                                            \
    PUPIL_PLUGIN_MAGIC, 1, 7, (uint32_t) sizeof(pupil_plugin_t) + 64

#include "bad.h"
