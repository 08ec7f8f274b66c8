/*
 * Copyright (C) the Pupil authors
 *
 * What pupils answer to exercises of a kind.
 */

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/exercise.h"
#include "core/input/line.h"


/*
 * Of a value: NULL, or the name of the rule that it breaks, "" for want of
 * memory.  *at: the node that breaks it, the whole unless it is set.
 */
typedef const char *(*answer_rule_pt)(const pupil_json_t *json,
    const pupil_question_t *question, const pupil_alloc_t *alloc,
    unsigned *right, uint32_t *at);


static const char *choice_bits(const pupil_json_t *json, uint32_t list,
    const pupil_question_t *question, uint32_t *bits, uint32_t *at);
static const char *answer_choice(const pupil_json_t *json,
    const pupil_question_t *question, const pupil_alloc_t *alloc,
    unsigned *right, uint32_t *at);
static const char *answer_number(const pupil_json_t *json,
    const pupil_question_t *question, const pupil_alloc_t *alloc,
    unsigned *right, uint32_t *at);
static const char *answer_text(const pupil_json_t *json,
    const pupil_question_t *question, const pupil_alloc_t *alloc,
    unsigned *right, uint32_t *at);
static const char *answer_link(const pupil_json_t *json,
    const pupil_question_t *question, const pupil_alloc_t *alloc,
    unsigned *right, uint32_t *at);


static const answer_rule_pt  answer_rules[PUPIL_KIND_COUNT] = {
    [PUPIL_KIND_CHOICE] = answer_choice,
    [PUPIL_KIND_NUMBER] = answer_number,
    [PUPIL_KIND_TEXT] = answer_text,
    [PUPIL_KIND_ESSAY] = answer_text,
    [PUPIL_KIND_LINK] = answer_link
};

/* A list of options or one value: of a long text no memory for more of them. */
static const pupil_json_limits_t  answer_limits = {
    PUPIL_JSON_REQUEST_DEPTH, 3 * PUPIL_EXERCISE_OPTIONS
};


static const char *
value_number(const pupil_json_t *json, uint32_t node, pupil_decimal_t *out)
{
    const char   *broken;
    pupil_str_t   raw;

    if (pupil_json_type(json, node) != PUPIL_JSON_NUMBER) {
        return "type";
    }

    raw = pupil_json_raw(json, node);

    return pupil_decimal_parse(raw.data, raw.len, out, &broken) == PUPIL_OK
           ? NULL : broken;
}


/* Of a number: {"value","tolerance"?}, whose members were looked at. */
static const char *
key_number(const pupil_json_t *json, uint32_t object,
    pupil_question_t *question, uint32_t *at)
{
    const char  *broken;

    *at = pupil_json_member(json, object, "value");
    if (*at == PUPIL_JSON_NONE) {
        return "required";
    }

    broken = value_number(json, *at, &question->value);
    if (broken != NULL) {
        return broken;
    }

    question->tolerance = 0;

    *at = pupil_json_member(json, object, "tolerance");
    if (*at == PUPIL_JSON_NONE) {
        return NULL;
    }

    broken = value_number(json, *at, &question->tolerance);

    return broken == NULL && question->tolerance < 0 ? "minimum" : broken;
}


/* Numbers of options, each once: [0] is the first of them. */
static const char *
choice_bits(const pupil_json_t *json, uint32_t list,
    const pupil_question_t *question, uint32_t *bits, uint32_t *at)
{
    uint32_t          node, count, bit;
    const char       *broken;
    pupil_decimal_t   n;

    *at = list;
    *bits = 0;

    if (pupil_json_type(json, list) != PUPIL_JSON_ARRAY) {
        return "type";
    }

    count = json->nodes[list].children;

    if (count == 0) {
        return "minItems";
    }

    if (count > (question->multiple ? question->options : 1u)) {
        return "maxItems";
    }

    for (node = pupil_json_first(json, list); node != PUPIL_JSON_NONE;
         node = pupil_json_next(json, node))
    {
        *at = node;

        broken = value_number(json, node, &n);
        if (broken != NULL) {
            return broken;
        }

        if (n < 0 || n % PUPIL_DECIMAL_SCALE != 0
            || n / PUPIL_DECIMAL_SCALE >= question->options)
        {
            return "enum";
        }

        bit = 1u << (n / PUPIL_DECIMAL_SCALE);

        if (*bits & bit) {
            return "uniqueItems";
        }

        *bits |= bit;
    }

    return NULL;
}


const char *
pupil_key_read(const pupil_json_t *json, uint32_t node,
    pupil_question_t *question, uint32_t *at)
{
    question->keyed = 1;

    return question->kind == PUPIL_KIND_NUMBER
           ? key_number(json, node, question, at)
           : choice_bits(json, node, question, &question->right, at);
}


pupil_rc_t
pupil_answer_fits(const pupil_alloc_t *alloc,
    const pupil_question_t *question, pupil_str_t answer, unsigned *right,
    pupil_fault_t *fault)
{
    char          field[sizeof(fault->field)], at[32];
    uint32_t      node;
    pupil_rc_t    rc;
    const char   *broken;
    pupil_json_t  json;

    *right = 0;

    if (answer.len > (question->kind == PUPIL_KIND_ESSAY
                      ? PUPIL_ANSWER_ESSAY_MAX : PUPIL_ANSWER_MAX))
    {
        return pupil_fault_set(fault, 422, "/answer", "maxLength");
    }

    if (question->kind == PUPIL_KIND_NONE) {
        return PUPIL_OK;
    }

    rc = pupil_json_parse(alloc, answer.data, answer.len, &answer_limits,
                          &json, NULL);
    if (rc == PUPIL_NO_MEMORY) {
        return rc;
    }

    node = 0;

    if (rc != PUPIL_OK) {
        /* it is JSON, as the body was: so it is too much of it */
        broken = answer.data[0] == '[' ? "maxItems" : "type";
        return pupil_fault_set(fault, 422, "/answer", broken);
    }

    broken = answer_rules[question->kind](&json, question, alloc, right,
                                          &node);
    if (broken == NULL) {
        return PUPIL_OK;
    }

    if (*broken == '\0') {
        return PUPIL_NO_MEMORY;
    }

    pupil_json_pointer(&json, node, at, sizeof(at));
    snprintf(field, sizeof(field), "/answer%s", at);

    return pupil_fault_set(fault, 422, field, broken);
}


/* All of the right ones, and no other. */
static const char *
answer_choice(const pupil_json_t *json, const pupil_question_t *question,
    const pupil_alloc_t *alloc, unsigned *right, uint32_t *at)
{
    uint32_t     bits;
    const char  *broken;

    (void) alloc;

    broken = choice_bits(json, 0, question, &bits, at);
    *right = question->keyed && broken == NULL && bits == question->right;

    return broken;
}


static const char *
answer_number(const pupil_json_t *json, const pupil_question_t *question,
    const pupil_alloc_t *alloc, unsigned *right, uint32_t *at)
{
    uint64_t          apart;
    const char       *broken;
    pupil_decimal_t   value;

    (void) alloc;
    (void) at;

    broken = value_number(json, 0, &value);

    if (broken == NULL && question->keyed) {
        apart = value > question->value
                ? (uint64_t) value - (uint64_t) question->value
                : (uint64_t) question->value - (uint64_t) value;
        *right = apart <= (uint64_t) question->tolerance;
    }

    return broken;
}


/* A line, or an essay, which may have several. */
static const char *
answer_text(const pupil_json_t *json, const pupil_question_t *question,
    const pupil_alloc_t *alloc, unsigned *right, uint32_t *at)
{
    pupil_rc_t   rc;
    pupil_str_t  text;

    (void) right;
    (void) at;

    rc = pupil_json_string(json, 0, alloc, &text);
    if (rc != PUPIL_OK) {
        return rc == PUPIL_NO_MEMORY ? "" : "type";
    }

    return pupil_line_has_control(&text,
                                  question->kind == PUPIL_KIND_ESSAY)
           ? "control-character" : NULL;
}


/*
 * A place on the web that a teacher can open: with TLS, of a host, without a
 * name and password, and written in the characters that URLs have.
 */
static const char *
answer_link(const pupil_json_t *json, const pupil_question_t *question,
    const pupil_alloc_t *alloc, unsigned *right, uint32_t *at)
{
    size_t       i, host;
    pupil_rc_t   rc;
    pupil_str_t  url;

    static const char  scheme[] = "https://";
    static const char  never[] = "\"<>\\^`{|}";

    (void) question;
    (void) right;
    (void) at;

    rc = pupil_json_string(json, 0, alloc, &url);
    if (rc != PUPIL_OK) {
        return rc == PUPIL_NO_MEMORY ? "" : "type";
    }

    if (url.len > PUPIL_ANSWER_LINK_MAX) {
        return "maxLength";
    }

    host = sizeof(scheme) - 1;

    if (url.len <= host || memcmp(url.data, scheme, host) != 0) {
        return "https";
    }

    for (i = host; i < url.len; i++) {
        if (url.data[i] <= ' ' || url.data[i] >= 0x7f
            || memchr(never, url.data[i], sizeof(never) - 1) != NULL)
        {
            return "https";
        }
    }

    for (i = host; i < url.len && memchr("/?#", url.data[i], 3) == NULL; i++) {
        if (url.data[i] == '@') {
            return "https";
        }
    }

    return i == host || url.data[host] == ':' ? "https" : NULL;
}
