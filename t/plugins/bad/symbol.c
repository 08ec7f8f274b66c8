/*
 * Copyright (C) the Pupil authors
 *
 * refused: it exports no pupil_plugin()
 */

#define BAD_ENTRY

#include "bad.h"


int  pupil_other;
