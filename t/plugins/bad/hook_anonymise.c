/*
 * Copyright (C) the Pupil authors
 *
 * refused: retention anonymises, but hooks.anonymise is NULL
 */

#define BAD_RETENTION  { PUPIL_EVENT_CREATED, 9, PUPIL_EXPIRY_ANONYMISE }

#include "bad.h"
