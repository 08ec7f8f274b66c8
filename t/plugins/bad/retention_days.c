/*
 * Copyright (C) the Pupil authors
 *
 * refused: retention.days is 0, not 1 to 36500
 */

#define BAD_RETENTION  { PUPIL_EVENT_CREATED, 0, PUPIL_EXPIRY_ERASE }

#include "bad.h"
