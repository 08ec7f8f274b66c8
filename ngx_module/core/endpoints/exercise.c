/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/exercise.h"
#include "core/input/rule.h"


/* Members of an exercise, by the bits of their rules. */
enum {
    EXERCISE_TITLE = 0,
    EXERCISE_MAX_SCORE,
    EXERCISE_KIND,
    EXERCISE_TEXT,
    EXERCISE_OPTIONS,
    EXERCISE_MULTIPLE,
    EXERCISE_UNIT,
    EXERCISE_KEY,
    EXERCISE_ID,                /* the last: of those that are changed alone */
    EXERCISE_MEMBERS
};

#define BIT(member)  (1u << (member))

static pupil_rc_t exercise_kind(pupil_body_t *in, uint32_t node,
    unsigned given, unsigned changed, pupil_input_exercise_t *out);
static pupil_rc_t exercise_options(pupil_body_t *in, uint32_t list,
    pupil_input_exercise_t *out);
static pupil_rc_t exercise_key(pupil_body_t *in, uint32_t node,
    unsigned changed, pupil_input_exercise_t *out);
static pupil_rc_t asked_exercise(const pupil_json_t *json, uint32_t node,
    pupil_asked_t *out);
static pupil_rc_t asked_keys(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_asked_list_t *list);


static const char *const  claims[] = { "off", "kindless", "on", NULL };

const pupil_word_t  pupil_score_claims_words[1] = {
    { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = claims }
};


/* What each kind takes of the members. */
static const struct {
    const char  *name;
    unsigned     takes;
    unsigned     needs;
} kinds[PUPIL_KIND_COUNT] = {
    [PUPIL_KIND_CHOICE] =
    { .name = "choice",
      .takes = BIT(EXERCISE_OPTIONS) | BIT(EXERCISE_MULTIPLE)
               | BIT(EXERCISE_KEY),
      .needs = BIT(EXERCISE_OPTIONS) },
    [PUPIL_KIND_NUMBER] =
    { .name = "number",
      .takes = BIT(EXERCISE_UNIT) | BIT(EXERCISE_KEY) },
    [PUPIL_KIND_TEXT] = { .name = "text" },
    [PUPIL_KIND_ESSAY] = { .name = "essay" },
    [PUPIL_KIND_LINK] = { .name = "link" }
};


static const pupil_rule_t  exercise_rules[EXERCISE_MEMBERS] = {
    [EXERCISE_TITLE] =
    { .name = "title", .kind = RULE_LINE, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_TITLE_MAX,
      .offset = offsetof(pupil_input_exercise_t, title) },
    [EXERCISE_MAX_SCORE] =
    { .name = "max_score", .kind = RULE_NUMBER,
      .flags = RULE_REQUIRED | RULE_EXCLUSIVE,
      .max = PUPIL_INPUT_SCORE_MAX,
      .offset = offsetof(pupil_input_exercise_t, max_score) },
    [EXERCISE_KIND] =
    { .name = "kind", .kind = RULE_NAME, .max = 16,
      .offset = offsetof(pupil_input_exercise_t, kind) },
    [EXERCISE_TEXT] =
    { .name = "text", .kind = RULE_TEXT, .max = PUPIL_EXERCISE_TEXT_MAX,
      .offset = offsetof(pupil_input_exercise_t, text) },
    [EXERCISE_OPTIONS] =
    { .name = "options", .kind = RULE_LIST, .min = 2,
      .max = PUPIL_EXERCISE_OPTIONS },
    [EXERCISE_MULTIPLE] =
    { .name = "multiple", .kind = RULE_BOOL,
      .offset = offsetof(pupil_input_exercise_t, multiple) },
    [EXERCISE_UNIT] =
    { .name = "unit", .kind = RULE_LINE,
      .min = 1, .max = PUPIL_EXERCISE_UNIT_MAX,
      .offset = offsetof(pupil_input_exercise_t, unit) },
    [EXERCISE_KEY] =
    { .name = "key", .kind = RULE_RAW, .max = PUPIL_EXERCISE_KEY_MAX,
      .offset = offsetof(pupil_input_exercise_t, key) },
    [EXERCISE_ID] =
    { .name = "id", .kind = RULE_UUID,
      .offset = offsetof(pupil_input_exercise_t, id) }
};

static const pupil_rule_t  option_rule = {
    .name = "", .kind = RULE_LINE, .min = 1, .max = PUPIL_EXERCISE_OPTION_MAX
};

/* Of the key of a number. */
static const pupil_rule_t  number_rules[] = {
    { .name = "value", .kind = RULE_RAW, .flags = RULE_REQUIRED,
      .max = PUPIL_EXERCISE_KEY_MAX },
    { .name = "tolerance", .kind = RULE_RAW, .max = PUPIL_EXERCISE_KEY_MAX }
};

/* Of what the host itself has stored. */
static const pupil_json_limits_t  stored_limits = {
    PUPIL_JSON_REQUEST_DEPTH, PUPIL_INPUT_NODES_MAX
};


/* ---- what a teacher defines ---- */


pupil_rc_t
pupil_exercise_input(pupil_body_t *in, uint32_t node, unsigned changed,
    pupil_input_exercise_t *out)
{
    unsigned    given;
    pupil_rc_t  rc;

    rc = pupil_rule_object(in, node, exercise_rules,
                           changed ? EXERCISE_MEMBERS : EXERCISE_ID, out,
                           &given);

    return rc == PUPIL_OK ? exercise_kind(in, node, given, changed, out) : rc;
}


/* What is no member of its kind is as unknown as any other. */
static pupil_rc_t
exercise_kind(pupil_body_t *in, uint32_t node, unsigned given,
    unsigned changed, pupil_input_exercise_t *out)
{
    uint32_t    i, kind;
    unsigned    takes;
    pupil_rc_t  rc;

    kind = PUPIL_KIND_NONE;
    takes = BIT(EXERCISE_TITLE) | BIT(EXERCISE_MAX_SCORE) | BIT(EXERCISE_ID);

    if (given & BIT(EXERCISE_KIND)) {
        for (kind = PUPIL_KIND_NONE + 1;
             kind < PUPIL_KIND_COUNT
             && !pupil_str_is(out->kind, kinds[kind].name);
             kind++)
        {
            /* void */
        }

        if (kind == PUPIL_KIND_COUNT) {
            return pupil_rule_refuse_member(in, node, "kind", "enum");
        }

        takes |= BIT(EXERCISE_KIND) | BIT(EXERCISE_TEXT) | kinds[kind].takes;
    }

    for (i = 0; i < EXERCISE_MEMBERS; i++) {
        if (given & ~takes & BIT(i)) {
            return pupil_rule_refuse_member(in, node, exercise_rules[i].name,
                                            "additionalProperties");
        }

        if (~given & kinds[kind].needs & BIT(i)) {
            return pupil_rule_refuse_member(in, node, exercise_rules[i].name,
                                            "required");
        }
    }

    out->question.kind = (uint8_t) kind;
    out->question.multiple = out->multiple == PUPIL_INPUT_TRUE;
    rc = PUPIL_OK;

    if (given & BIT(EXERCISE_OPTIONS)) {
        rc = exercise_options(in, pupil_json_member(&in->json, node,
                                                    "options"), out);
    }

    return rc == PUPIL_OK && (given & BIT(EXERCISE_KEY))
           ? exercise_key(in, pupil_json_member(&in->json, node, "key"),
                          changed, out)
           : rc;
}


/* The size of the list was checked. */
static pupil_rc_t
exercise_options(pupil_body_t *in, uint32_t list, pupil_input_exercise_t *out)
{
    uint32_t    i, n, node;
    pupil_rc_t  rc;

    n = in->json.nodes[list].children;

    out->options = in->alloc->alloc(in->alloc->ctx, n * sizeof(pupil_str_t));
    if (out->options == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (node = pupil_json_first(&in->json, list), n = 0;
         node != PUPIL_JSON_NONE;
         node = pupil_json_next(&in->json, node), n++)
    {
        rc = pupil_rule_member(in, node, &option_rule, &out->options[n]);
        if (rc != PUPIL_OK) {
            return rc;
        }

        for (i = 0; i < n; i++) {
            if (out->options[i].len == out->options[n].len
                && memcmp(out->options[i].data, out->options[n].data,
                          out->options[n].len)
                   == 0)
            {
                return pupil_rule_refuse(in, node, "uniqueItems");
            }
        }
    }

    out->question.options = (uint8_t) n;

    return PUPIL_OK;
}


static pupil_rc_t
exercise_key(pupil_body_t *in, uint32_t node, unsigned changed,
    pupil_input_exercise_t *out)
{
    uint32_t           at;
    pupil_rc_t         rc;
    pupil_str_t        raw;
    const char        *broken;
    pupil_question_t  *question;

    question = &out->question;

    if (changed && pupil_json_type(&in->json, node) == PUPIL_JSON_NULL) {
        out->key.data = NULL;
        out->key.len = 0;
        out->keyless = 1;

        return PUPIL_OK;
    }

    if (question->kind == PUPIL_KIND_NUMBER) {
        rc = pupil_rule_object(in, node, number_rules,
                               pupil_rule_count(number_rules), &raw, NULL);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    broken = pupil_key_read(&in->json, node, question, &at);

    return broken == NULL ? PUPIL_OK : pupil_rule_refuse(in, at, broken);
}


/* ---- what is stored ---- */


pupil_rc_t
pupil_exercises_parse(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_json_t *json)
{
    return pupil_json_parse(alloc, text.data, text.len, &stored_limits, json,
                            NULL);
}


uint32_t
pupil_exercises_member(const pupil_json_t *json, const pupil_uuid_t *id)
{
    uint8_t      text[PUPIL_UUID_TEXT_LEN];
    uint32_t     node;
    pupil_str_t  is;

    pupil_uuid_format(id, text);
    is.data = text;
    is.len = sizeof(text);

    for (node = pupil_json_first(json, 0); node != PUPIL_JSON_NONE;
         node = pupil_json_next(json, node))
    {
        if (pupil_json_is(json, pupil_json_member(json, node, "id"), is)) {
            break;
        }
    }

    return node;
}


pupil_rc_t
pupil_asked_read(const pupil_alloc_t *alloc, pupil_str_t exercises,
    pupil_str_t keys, pupil_asked_list_t *out)
{
    uint32_t      node, count;
    pupil_rc_t    rc;
    pupil_json_t  json;

    memset(out, 0, sizeof(*out));

    rc = pupil_exercises_parse(alloc, exercises, &json);
    if (rc != PUPIL_OK) {
        return rc;
    }

    if (pupil_json_type(&json, 0) != PUPIL_JSON_ARRAY) {
        return PUPIL_INVALID;
    }

    count = json.nodes[0].children;

    out->items = alloc->alloc(alloc->ctx,
                              (count ? count : 1) * sizeof(pupil_asked_t));
    if (out->items == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (node = pupil_json_first(&json, 0); node != PUPIL_JSON_NONE;
         node = pupil_json_next(&json, node))
    {
        rc = asked_exercise(&json, node, &out->items[out->count++]);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return keys.len == 0 ? PUPIL_OK : asked_keys(alloc, keys, out);
}


/* The id of an object that is stored. */
static pupil_rc_t
asked_id(const pupil_json_t *json, uint32_t object, pupil_uuid_t *out)
{
    uint32_t     id;
    pupil_str_t  raw;

    id = pupil_json_member(json, object, "id");
    if (id == PUPIL_JSON_NONE || pupil_json_type(json, id) != PUPIL_JSON_STRING)
    {
        return PUPIL_INVALID;
    }

    raw = pupil_json_raw(json, id);

    return pupil_uuid_parse(raw.data + 1, raw.len - 2, out);
}


static pupil_rc_t
asked_exercise(const pupil_json_t *json, uint32_t node, pupil_asked_t *out)
{
    uint32_t     max, kind, options, multiple;
    pupil_str_t  raw;

    memset(out, 0, sizeof(*out));

    if (asked_id(json, node, &out->id) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    max = pupil_json_member(json, node, "max_score");
    if (max != PUPIL_JSON_NONE) {
        raw = pupil_json_raw(json, max);

        if (pupil_decimal_parse(raw.data, raw.len, &out->max_score, NULL)
            != PUPIL_OK)
        {
            return PUPIL_INVALID;
        }
    }

    kind = pupil_json_member(json, node, "kind");
    if (kind == PUPIL_JSON_NONE) {
        return PUPIL_OK;
    }

    while (++out->question.kind < PUPIL_KIND_COUNT
           && !pupil_json_text_is(json, kind, kinds[out->question.kind].name))
    {
        /* void */
    }

    multiple = pupil_json_member(json, node, "multiple");
    out->question.multiple = multiple != PUPIL_JSON_NONE
                             && pupil_json_type(json, multiple)
                                == PUPIL_JSON_TRUE;

    options = pupil_json_member(json, node, "options");
    if (options != PUPIL_JSON_NONE) {
        if (json->nodes[options].children > PUPIL_EXERCISE_OPTIONS) {
            return PUPIL_INVALID;
        }

        out->question.options = (uint8_t) json->nodes[options].children;
    }

    return out->question.kind < PUPIL_KIND_COUNT ? PUPIL_OK : PUPIL_INVALID;
}


static pupil_rc_t
asked_keys(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_asked_list_t *list)
{
    uint32_t        node, key, at;
    pupil_rc_t      rc;
    pupil_json_t    json;
    pupil_uuid_t    id;
    pupil_asked_t  *asked;

    rc = pupil_exercises_parse(alloc, text, &json);
    if (rc != PUPIL_OK) {
        return rc;
    }

    for (node = pupil_json_first(&json, 0); node != PUPIL_JSON_NONE;
         node = pupil_json_next(&json, node))
    {
        key = pupil_json_member(&json, node, "key");

        if (key == PUPIL_JSON_NONE || asked_id(&json, node, &id) != PUPIL_OK) {
            return PUPIL_INVALID;
        }

        asked = (pupil_asked_t *) pupil_asked_find(list, &id);

        if (asked == NULL
            || pupil_key_read(&json, key, &asked->question, &at) != NULL)
        {
            return PUPIL_INVALID;
        }
    }

    return PUPIL_OK;
}


const pupil_asked_t *
pupil_asked_find(const pupil_asked_list_t *list, const pupil_uuid_t *id)
{
    uint32_t  i;

    for (i = 0; i < list->count; i++) {
        if (pupil_uuid_compare(&list->items[i].id, id) == 0) {
            return &list->items[i];
        }
    }

    return NULL;
}
