/*
 * Copyright (C) the Pupil authors
 *
 * refused: bad: grants[0]: no request through teaches is for administration
 */

#define BAD_GRANT  .purpose = PUPIL_PURPOSE_ADMINISTRATION

#include "bad.h"
