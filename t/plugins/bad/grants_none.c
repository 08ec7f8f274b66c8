/*
 * Copyright (C) the Pupil authors
 *
 * refused: grants_count is 0, not 1 to 256
 */

#define BAD_GRANTS  NULL, 0, 0

#include "bad.h"
