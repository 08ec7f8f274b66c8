/*
 * Copyright (C) the Pupil authors
 *
 * What clients send: the engine.  Each endpoint has its own tables and
 * functions, one for each body and one for its query arguments; each gives a
 * typed struct, or a fault that names the member and the rule and never the
 * value (invariant I16).
 *
 * Common to all of them:
 * - PUPIL_OK; PUPIL_INVALID with *fault filled: status 400 for what is no
 *   JSON (the rules of json.h), 422 for what breaks a rule of the body;
 *   PUPIL_NO_MEMORY.  fault must not be NULL.
 * - Texts in the result are views of the body, or copies from alloc when
 *   they had escapes: body and alloc's memory outlive the result.
 * - They are valid UTF-8, hold no NUL and are not terminated.
 * - Rules: "additionalProperties", "required", "type", "minLength",
 *   "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
 *   "uuid", "date-time", "date-range", "after-assigned_at", "duration",
 *   "control-character", "format-character", "minimum", "maximum",
 *   "exclusiveMinimum", those of pupil_decimal_parse(), and for query
 *   arguments "enum", "integer", "cursor", "duplicate-key",
 *   "percent-encoding", "malformed".
 * - Allowed in every context.
 */

#ifndef PUPIL_INPUT_H
#define PUPIL_INPUT_H

#include "core/base/number.h"
#include "core/base/pupil.h"
#include "core/base/time.h"
#include "core/json/json_tree.h"


#define PUPIL_INPUT_NODES_MAX  32768    /* JSON values in a body */
#define PUPIL_INPUT_PAST_DAYS  3653     /* ten years */


typedef enum {
    PUPIL_INPUT_ABSENT = 0,
    PUPIL_INPUT_FALSE,
    PUPIL_INPUT_TRUE
} pupil_input_bool_t;


/* A number as it was sent, and its value. */
typedef struct {
    pupil_str_t      raw;       /* verbatim; data is NULL when absent */
    pupil_decimal_t  value;
} pupil_input_number_t;


/* A body that is being read.  Owns nothing. */
typedef struct {
    pupil_json_t          json;
    const pupil_alloc_t  *alloc;
    pupil_time_t          now;
    pupil_fault_t        *fault;
    pupil_rc_t            rc;       /* PUPIL_NO_MEMORY from a setter */
} pupil_body_t;


/* Begins with a body: scans it.  now: of its dates, or 0 if it has none. */
pupil_rc_t pupil_input_parse(pupil_body_t *in, const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now, pupil_fault_t *fault);

#endif /* PUPIL_INPUT_H */
