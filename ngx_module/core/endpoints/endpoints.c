/*
 * Copyright (C) the Pupil authors
 */

#include "core/endpoints/endpoints.h"


const pupil_endpoint_t  pupil_endpoints[PUPIL_ENDPOINT_COUNT] = {
    [PUPIL_ENDPOINT_LOGIN] = {
        "login", pupil_login_templates, PUPIL_LOGIN_COUNT
    },
    [PUPIL_ENDPOINT_SESSION] = {
        "session", pupil_session_templates, PUPIL_SESSION_COUNT
    },
    [PUPIL_ENDPOINT_HOMEWORK] = {
        "homework", pupil_homework_templates, PUPIL_HOMEWORK_COUNT
    },
    [PUPIL_ENDPOINT_PROGRESS] = {
        "progress", pupil_progress_templates, PUPIL_PROGRESS_COUNT
    },
    [PUPIL_ENDPOINT_DATA] = { "data", NULL, 0 }
};
