/*
 * Copyright (C) the Pupil authors
 *
 * refused: "colour" is granted twice (purpose teaching, relation teaches, operation read)
 */

#define BAD_MORE_GRANTS                                                       \
    { .fields = "colour", .purpose = PUPIL_PURPOSE_TEACHING,                  \
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,  \
      .basis = PUPIL_BASIS_PUBLIC_TASK }

#include "bad.h"
