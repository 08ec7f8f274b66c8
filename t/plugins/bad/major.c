/*
 * Copyright (C) the Pupil authors
 *
 * refused: abi_major is 2, this host has 1
 */

#define BAD_PLUGIN  .abi_major = 2

#include "bad.h"
