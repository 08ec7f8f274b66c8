/*
 * Copyright (C) the Pupil authors
 */

#include "core/endpoints/endpoints.h"


const pupil_endpoint_t  pupil_endpoints[PUPIL_ENDPOINT_COUNT] = {

    [PUPIL_ENDPOINT_LOGIN] = {
        .name = "login",
        .directive = "pupil_login",
        .templates = pupil_login_templates,
        .count = PUPIL_LOGIN_COUNT
    },

    [PUPIL_ENDPOINT_SESSION] = {
        .name = "session",
        .directive = "pupil_session",
        .templates = pupil_session_templates,
        .count = PUPIL_SESSION_COUNT
    },

    [PUPIL_ENDPOINT_HOMEWORK] = {
        .name = "homework",
        .directive = "pupil_homework",
        .category = "homework",
        .templates = pupil_homework_templates,
        .count = PUPIL_HOMEWORK_COUNT
    },

    [PUPIL_ENDPOINT_PROGRESS] = {
        .name = "progress",
        .directive = "pupil_progress",
        .category = "progress",
        .templates = pupil_progress_templates,
        .count = PUPIL_PROGRESS_COUNT
    },

    [PUPIL_ENDPOINT_DATA] = {
        .name = "data",
        .directive = "pupil_data",
        .generic = 1
    }
};
