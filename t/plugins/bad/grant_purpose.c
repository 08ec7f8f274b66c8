/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants[0].purpose is 77, not 1 to 13
 */

#define BAD_GRANT  .purpose = 77

#include "bad.h"
