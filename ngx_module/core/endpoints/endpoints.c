/*
 * Copyright (C) the Pupil authors
 */

#include "core/endpoints/endpoints.h"


#define PUPIL_ENDPOINT_PLACE(ID, name)                                        \
    [PUPIL_ENDPOINT_##ID] = &pupil_##name##_endpoint,


const pupil_endpoint_t *const  pupil_endpoints[PUPIL_ENDPOINT_COUNT] = {
    PUPIL_ENDPOINTS(PUPIL_ENDPOINT_PLACE)
};
