/*
 * Copyright (C) the Pupil authors
 *
 * refused: bad: the aggregate has "shape", which is no field
 */

#include "pupil_plugin.h"


static int32_t
anonymise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value, int64_t now, pupil_value_t *out)
{
    (void) host;
    (void) call;
    (void) field;
    (void) value;
    (void) now;
    out->len = 0;

    return 0;
}


#define BAD_RETENTION  .then = PUPIL_EXPIRY_ANONYMISE
#define BAD_HOOKS      .anonymise = anonymise
#define BAD_PLUGIN     PUPIL_AGGREGATE(aggregate)
#define BAD_FIELD      .flags = 0
#define BAD_GRANT                                                             \
    .purpose = PUPIL_PURPOSE_STATISTICS, .relation = PUPIL_RELATION_SYSTEM
#define BAD_AGGREGATE  .value = "shape"

#include "bad.h"
