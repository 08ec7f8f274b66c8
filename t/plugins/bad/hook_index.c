/*
 * Copyright (C) the Pupil authors
 *
 * refused: field "colour" is indexed, but hooks.index_term is NULL
 */

#define BAD_FIELD  .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_INDEXED

#include "bad.h"
