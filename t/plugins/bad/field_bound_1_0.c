/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour": flags are 0x21, known are 0x1f
 */

#define BAD_PLUGIN                                                            \
    .abi_minor = 0, .struct_size = offsetof(pupil_plugin_t, aggregate)
#define BAD_FIELD   .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_BOUND

#include "bad.h"
