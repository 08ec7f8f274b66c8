/*
 * Copyright (C) the Pupil authors
 *
 * refused: PUPIL_FIELD_INDEXED is for sealed text of the record's owner; this is plain text
 */

#define BAD_FIELD  .flags = PUPIL_FIELD_INDEXED

#include "bad.h"
