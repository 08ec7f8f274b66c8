/*
 * Copyright (C) the Pupil authors
 *
 * refused: PUPIL_PLUGIN_AUTOMATED_DECISION, which is refused (GDPR article 22)
 */

#define BAD_PLUGIN  .flags = PUPIL_PLUGIN_AUTOMATED_DECISION

#include "bad.h"
