/*
 * Copyright (C) the Pupil authors
 */

#include "core/input/input.h"


static const pupil_json_limits_t  input_limits = {
    .max_depth = PUPIL_JSON_REQUEST_DEPTH,
    .max_nodes = PUPIL_INPUT_NODES_MAX
};


pupil_rc_t
pupil_input_parse(pupil_body_t *in, const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now, pupil_fault_t *fault)
{
    in->alloc = alloc;
    in->now = now;
    in->fault = fault;
    in->rc = PUPIL_OK;

    return pupil_json_parse(alloc, body->data, body->len, &input_limits,
                            &in->json, fault);
}
