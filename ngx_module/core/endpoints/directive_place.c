/*
 * Copyright (C) the Pupil authors
 *
 * Where a handler of Pupil's can work.
 */

#include "core/base/text.h"
#include "core/endpoints/directive.h"


pupil_rc_t
pupil_handler_place(const char *directive, const pupil_handler_at_t *place,
    pupil_error_t *error)
{
    if (place->handled) {
        return pupil_error_set(error, "a location has one handler of Pupil's:"
                               " give \"%s\" a location of its own",
                               directive);
    }

    if (!place->guard
        && (place->named || place->regex || place->name.len == 0
            || place->name.data[0] != '/'))
    {
        return pupil_error_set(error, "%s takes a location with a prefix,"
                               " such as location /v1/session { %s; }, no"
                               " named one and no regular expression",
                               directive, directive);
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_handler_around(const pupil_handler_around_t *around, pupil_error_t *error)
{
    if (around->idle > around->absolute) {
        return pupil_error_set(error, "idle= of pupil_session_timeout"
                               " (%d s) is over absolute= (%d s)",
                               (int) around->idle, (int) around->absolute);
    }

    if (!around->tenant) {
        return pupil_error_set(error, "the handler needs pupil_tenant, in the"
                               " location or around it");
    }

    if (around->body_in_file && !around->guard) {
        return pupil_error_set(error, "client_body_in_file_only would put"
                               " personal data into files: switch it off"
                               " here");
    }

    return PUPIL_OK;
}
