/*
 * Copyright (C) the Pupil authors
 *
 * refused: pupil_plugin() returned NULL
 */

#define BAD_ENTRY

#include "bad.h"


const pupil_plugin_t *
pupil_plugin(void)
{
    return NULL;
}
