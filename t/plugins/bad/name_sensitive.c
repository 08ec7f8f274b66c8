/*
 * Copyright (C) the Pupil authors
 *
 * refused: "religion" is a special category of personal data
 */

#define BAD_NAME  "religion"

#include "bad.h"
