/*
 * Copyright (C) the Pupil authors
 *
 * refused: retention anonymises, but hooks.anonymise is NULL
 */

#define BAD_RETENTION  .then = PUPIL_EXPIRY_ANONYMISE

#include "bad.h"
