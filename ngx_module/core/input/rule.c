/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/input/line.h"
#include "core/input/rule.h"


/* Sets *out from the node; the name of the rule that is broken, or NULL. */
typedef const char *(*rule_set_pt)(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);


static const char *rule_set_uuid(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_set_text(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_set_secret(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_set_time(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_set_number(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_set_bool(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_set_duration(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_set_raw(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_check_list(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);
static const char *rule_check_object(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);


static const rule_set_pt  rule_setters[] = {
    [RULE_UUID]     = rule_set_uuid,
    [RULE_NAME]     = rule_set_text,
    [RULE_LINE]     = rule_set_text,
    [RULE_TEXT]     = rule_set_text,
    [RULE_SECRET]   = rule_set_secret,
    [RULE_TIME]     = rule_set_time,
    [RULE_NUMBER]   = rule_set_number,
    [RULE_BOOL]     = rule_set_bool,
    [RULE_DURATION] = rule_set_duration,
    [RULE_RAW]      = rule_set_raw,
    [RULE_LIST]     = rule_check_list,
    [RULE_OBJECT]   = rule_check_object
};


pupil_rc_t
pupil_rule_refuse(pupil_body_t *in, uint32_t node, const char *rule)
{
    char  field[sizeof(in->fault->field)];

    pupil_json_pointer(&in->json, node, field, sizeof(field));

    return pupil_fault_set(in->fault, 422, field, rule);
}


pupil_rc_t
pupil_rule_refuse_member(pupil_body_t *in, uint32_t object, const char *name,
    const char *rule)
{
    char    field[sizeof(in->fault->field)];
    size_t  len;

    /* room for the slash and the longest name of the tables */
    pupil_json_pointer(&in->json, object, field, sizeof(field) - 32);
    len = strlen(field);
    field[len++] = '/';
    pupil_json_name((const uint8_t *) name, strlen(name), field + len,
                    sizeof(field) - len);

    return pupil_fault_set(in->fault, 422, field, rule);
}


static const char *
rule_no_memory(pupil_body_t *in)
{
    in->rc = PUPIL_NO_MEMORY;

    return "";
}


/* A string's text; the rule "type" when it is none. */
static const char *
rule_string(pupil_body_t *in, uint32_t node, pupil_str_t *text)
{
    switch (pupil_json_string(&in->json, node, in->alloc, text)) {

    case PUPIL_OK:
        return NULL;

    case PUPIL_NO_MEMORY:
        return rule_no_memory(in);

    default:
        return "type";
    }
}


static const char *
rule_set_uuid(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    const char    *broken;
    pupil_str_t    text;
    pupil_uuid_t   uuid;

    (void) rule;

    broken = rule_string(in, node, &text);
    if (broken != NULL) {
        return broken;
    }

    if (pupil_uuid_parse(text.data, text.len, &uuid) != PUPIL_OK) {
        return "uuid";
    }

    memcpy(out, &uuid, sizeof(uuid));

    return NULL;
}


static const char *
rule_set_text(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    size_t        len;
    const char   *broken;
    pupil_str_t   text;

    broken = rule_string(in, node, &text);
    if (broken != NULL) {
        return broken;
    }

    len = text.len;
    if (rule->kind == RULE_LINE) {
        pupil_utf8_check(text.data, text.len, &len);
    }

    if (len < rule->min) {
        return "minLength";
    }

    if (len > rule->max) {
        return "maxLength";
    }

    if (pupil_line_has_control(&text, rule->kind == RULE_TEXT)) {
        return "control-character";
    }

    if (rule->kind == RULE_LINE && pupil_line_has_format(&text)) {
        return "format-character";
    }

    memcpy(out, &text, sizeof(text));

    return NULL;
}


/*
 * Always in memory of its own, so that its owner can wipe it without knowing
 * whether there were escapes.  What is refused is wiped here.
 */
static const char *
rule_set_secret(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    uint8_t      *copy;
    pupil_str_t   text;
    const char   *broken;

    broken = rule_string(in, node, &text);
    if (broken != NULL) {
        return broken;
    }

    copy = (uint8_t *) text.data;

    if (!in->json.nodes[node].escaped) {
        copy = in->alloc->alloc(in->alloc->ctx, text.len);
        if (copy == NULL) {
            return rule_no_memory(in);
        }

        memcpy(copy, text.data, text.len);
        text.data = copy;
    }

    broken = text.len < rule->min ? "minLength"
             : text.len > rule->max ? "maxLength" : NULL;

    if (broken != NULL) {
        sodium_memzero(copy, text.len);
        return broken;
    }

    memcpy(out, &text, sizeof(text));

    return NULL;
}


static const char *
rule_set_time(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    const char    *broken;
    pupil_str_t    text;
    pupil_time_t   time;

    broken = rule_string(in, node, &text);
    if (broken != NULL) {
        return broken;
    }

    if (pupil_time_parse(text.data, text.len, &time) != PUPIL_OK) {
        return "date-time";
    }

    if (time < in->now - rule->min * PUPIL_TIME_DAY
        || time > in->now + rule->max * PUPIL_TIME_DAY)
    {
        return "date-range";
    }

    memcpy(out, &time, sizeof(time));

    return NULL;
}


static const char *
rule_set_number(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    const char            *broken;
    pupil_decimal_t        min, max;
    pupil_input_number_t   number;

    if (pupil_json_type(&in->json, node) != PUPIL_JSON_NUMBER) {
        return "type";
    }

    number.raw = pupil_json_raw(&in->json, node);

    if (pupil_decimal_parse(number.raw.data, number.raw.len, &number.value,
                            &broken)
        != PUPIL_OK)
    {
        return broken;
    }

    min = (pupil_decimal_t) rule->min * PUPIL_DECIMAL_SCALE;
    max = (pupil_decimal_t) rule->max * PUPIL_DECIMAL_SCALE;

    if ((rule->flags & RULE_EXCLUSIVE) && number.value <= min) {
        return "exclusiveMinimum";
    }

    if (number.value < min) {
        return "minimum";
    }

    if (number.value > max) {
        return "maximum";
    }

    memcpy(out, &number, sizeof(number));

    return NULL;
}


static const char *
rule_set_bool(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    pupil_json_type_t   type;
    pupil_input_bool_t  value;

    (void) rule;

    type = pupil_json_type(&in->json, node);
    if (type != PUPIL_JSON_TRUE && type != PUPIL_JSON_FALSE) {
        return "type";
    }

    value = type == PUPIL_JSON_TRUE ? PUPIL_INPUT_TRUE : PUPIL_INPUT_FALSE;
    memcpy(out, &value, sizeof(value));

    return NULL;
}


static const char *
rule_set_duration(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    const char   *broken;
    pupil_str_t   text;

    (void) rule;

    broken = rule_string(in, node, &text);
    if (broken != NULL) {
        return broken;
    }

    if (pupil_duration_check(text.data, text.len) != PUPIL_OK) {
        return "duration";
    }

    memcpy(out, &text, sizeof(text));

    return NULL;
}


static const char *
rule_set_raw(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    pupil_str_t  raw;

    raw = pupil_json_raw(&in->json, node);
    if (raw.len > rule->max) {
        return "maxLength";
    }

    memcpy(out, &raw, sizeof(raw));

    return NULL;
}


static const char *
rule_check_list(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    uint32_t  count;

    (void) out;

    if (pupil_json_type(&in->json, node) != PUPIL_JSON_ARRAY) {
        return "type";
    }

    count = in->json.nodes[node].children;

    return count < rule->min ? "minItems"
           : count > rule->max ? "maxItems" : NULL;
}


static const char *
rule_check_object(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    (void) rule;
    (void) out;

    return pupil_json_type(&in->json, node) == PUPIL_JSON_OBJECT ? NULL
                                                                 : "type";
}


pupil_rc_t
pupil_rule_member(pupil_body_t *in, uint32_t node, const pupil_rule_t *rule,
    void *out)
{
    const char  *broken;

    if ((rule->flags & RULE_NULLABLE)
        && pupil_json_type(&in->json, node) == PUPIL_JSON_NULL)
    {
        return PUPIL_OK;
    }

    broken = rule_setters[rule->kind](in, node, rule,
                                       (uint8_t *) out + rule->offset);
    if (in->rc != PUPIL_OK) {
        return in->rc;
    }

    return broken == NULL ? PUPIL_OK : pupil_rule_refuse(in, node, broken);
}


/* Is there a member that no rule knows?  The first of them is refused. */
static pupil_rc_t
rule_known(pupil_body_t *in, uint32_t object, const pupil_rule_t *rules,
    size_t count)
{
    size_t    i;
    uint32_t  node;

    for (node = pupil_json_first(&in->json, object);
         node != PUPIL_JSON_NONE;
         node = pupil_json_next(&in->json, node))
    {
        for (i = 0; i < count; i++) {
            if (pupil_json_key_is(&in->json, node, rules[i].name)) {
                break;
            }
        }

        if (i == count) {
            return pupil_rule_refuse(in, node, "additionalProperties");
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_rule_object(pupil_body_t *in, uint32_t object, const pupil_rule_t *rules,
    size_t count, void *out, unsigned *given)
{
    size_t      i;
    uint32_t    node;
    unsigned    bits;
    pupil_rc_t  rc;

    if (pupil_json_type(&in->json, object) != PUPIL_JSON_OBJECT) {
        return pupil_rule_refuse(in, object, "type");
    }

    rc = rule_known(in, object, rules, count);

    for (i = 0, bits = 0; i < count && rc == PUPIL_OK; i++) {
        node = pupil_json_member(&in->json, object, rules[i].name);

        if (node != PUPIL_JSON_NONE) {
            bits |= 1u << i;
            rc = pupil_rule_member(in, node, &rules[i], out);

        } else if (rules[i].flags & RULE_REQUIRED) {
            rc = pupil_rule_refuse_member(in, object, rules[i].name,
                                          "required");
        }
    }

    if (given != NULL) {
        *given = bits;
    }

    return rc;
}


pupil_rc_t
pupil_rule_body(pupil_body_t *in, const pupil_alloc_t *alloc,
    const pupil_str_t *body, const pupil_rule_t *rules, size_t count,
    void *out, pupil_fault_t *fault)
{
    pupil_rc_t  rc;

    rc = pupil_input_parse(in, alloc, body, 0, fault);

    return rc == PUPIL_OK
           ? pupil_rule_object(in, 0, rules, count, out, NULL) : rc;
}
