/*
 * Copyright (C) the Pupil authors
 *
 * refused: name is "(NULL)", not [a-z][a-z0-9_]*
 */

#define BAD_NAME  NULL

#include "bad.h"
