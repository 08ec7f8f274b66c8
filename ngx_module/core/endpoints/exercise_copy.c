/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/endpoints/exercise.h"
#include "core/json/json_tree.h"


static pupil_rc_t copy_one(const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, const pupil_asked_t *asked,
    pupil_input_exercise_t *out);
static pupil_rc_t copy_text(const pupil_json_t *json, uint32_t node,
    const char *name, const pupil_alloc_t *alloc, pupil_str_t *out);
static pupil_rc_t copy_options(const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_input_exercise_t *out);
static void copy_keys(const pupil_json_t *json,
    const pupil_asked_list_t *asked, pupil_input_exercise_t *out);


pupil_rc_t
pupil_exercises_copy(const pupil_alloc_t *alloc, pupil_str_t exercises,
    pupil_str_t keys, pupil_input_exercise_t **out, uint32_t *count)
{
    size_t                   size;
    uint32_t                 i, node;
    pupil_rc_t               rc;
    pupil_json_t             json;
    pupil_asked_list_t       asked;
    pupil_input_exercise_t  *list;

    rc = pupil_asked_read(alloc, exercises, keys, &asked);

    if (rc == PUPIL_OK) {
        rc = pupil_exercises_parse(alloc, exercises, &json);
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    if (asked.count == 0) {
        return PUPIL_INVALID;
    }

    size = asked.count * sizeof(pupil_input_exercise_t);

    list = alloc->alloc(alloc->ctx, size);
    if (list == NULL) {
        return PUPIL_NO_MEMORY;
    }

    memset(list, 0, size);

    for (node = pupil_json_first(&json, 0), i = 0; node != PUPIL_JSON_NONE;
         node = pupil_json_next(&json, node), i++)
    {
        rc = copy_one(&json, node, alloc, &asked.items[i], &list[i]);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    if (keys.len != 0) {
        rc = pupil_exercises_parse(alloc, keys, &json);
        if (rc != PUPIL_OK) {
            return rc;
        }

        copy_keys(&json, &asked, list);
    }

    *out = list;
    *count = asked.count;

    return PUPIL_OK;
}


static pupil_rc_t
copy_one(const pupil_json_t *json, uint32_t node, const pupil_alloc_t *alloc,
    const pupil_asked_t *asked, pupil_input_exercise_t *out)
{
    size_t      i;
    uint32_t    max;
    pupil_rc_t  rc;

    const struct {
        const char   *name;
        pupil_str_t  *text;
    } texts[] = {
        { "title", &out->title },
        { "kind", &out->kind },
        { "text", &out->text },
        { "unit", &out->unit }
    };

    out->question = asked->question;
    out->multiple = asked->question.multiple ? PUPIL_INPUT_TRUE
                                             : PUPIL_INPUT_ABSENT;

    max = pupil_json_member(json, node, "max_score");
    if (max != PUPIL_JSON_NONE) {
        out->max_score.raw = pupil_json_raw(json, max);
        out->max_score.value = asked->max_score;
    }

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        rc = copy_text(json, node, texts[i].name, alloc, texts[i].text);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return copy_options(json, node, alloc, out);
}


/* Absent stays absent. */
static pupil_rc_t
copy_text(const pupil_json_t *json, uint32_t node, const char *name,
    const pupil_alloc_t *alloc, pupil_str_t *out)
{
    uint32_t  member;

    member = pupil_json_member(json, node, name);

    return member == PUPIL_JSON_NONE ? PUPIL_OK
           : pupil_json_string(json, member, alloc, out);
}


static pupil_rc_t
copy_options(const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_input_exercise_t *out)
{
    uint32_t    i, list, option;
    pupil_rc_t  rc;

    list = pupil_json_member(json, node, "options");
    if (list == PUPIL_JSON_NONE) {
        return PUPIL_OK;
    }

    out->options = alloc->alloc(alloc->ctx, (json->nodes[list].children + 1)
                                            * sizeof(pupil_str_t));
    if (out->options == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (option = pupil_json_first(json, list), i = 0;
         option != PUPIL_JSON_NONE;
         option = pupil_json_next(json, option), i++)
    {
        rc = pupil_json_string(json, option, alloc, &out->options[i]);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return PUPIL_OK;
}


/* What pupil_asked_read() has read: each is of one of them. */
static void
copy_keys(const pupil_json_t *json, const pupil_asked_list_t *asked,
    pupil_input_exercise_t *out)
{
    uint32_t  i, node;

    for (i = 0; i < asked->count; i++) {
        node = pupil_exercises_member(json, &asked->items[i].id);

        if (node != PUPIL_JSON_NONE) {
            out[i].key = pupil_json_raw(json,
                                        pupil_json_member(json, node, "key"));
        }
    }
}
