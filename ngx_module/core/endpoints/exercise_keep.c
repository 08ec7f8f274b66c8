/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/exercise.h"
#include "core/json/json_tree.h"


static const char *keep_differs(const pupil_json_t *json, uint32_t node,
    const pupil_input_exercise_t *in);
static int keep_text(const pupil_json_t *json, uint32_t node,
    const char *name, pupil_str_t text);
static int keep_options(const pupil_json_t *json, uint32_t node,
    const pupil_input_exercise_t *in);
static void keep_none(pupil_input_exercise_t *in);
static pupil_rc_t keep_key(const pupil_json_t *keys,
    pupil_input_exercise_t *in);
static pupil_rc_t keep_refuse(pupil_fault_t *fault, uint32_t i,
    const char *member, const char *rule);


pupil_rc_t
pupil_exercises_keep(const pupil_alloc_t *alloc, pupil_str_t exercises,
    pupil_str_t keys, pupil_input_exercise_t *list, uint32_t count,
    pupil_fault_t *fault)
{
    uint32_t      i, node;
    pupil_rc_t    rc;
    const char   *differs;
    pupil_json_t  stored, kept;

    fault->status = 0;
    memset(&kept, 0, sizeof(kept));

    rc = pupil_exercises_parse(alloc, exercises, &stored);

    if (rc == PUPIL_OK && keys.len != 0) {
        rc = pupil_exercises_parse(alloc, keys, &kept);
    }

    for (i = 0; rc == PUPIL_OK && i < count; i++) {
        if (pupil_uuid_is_zero(&list[i].id)) {
            continue;
        }

        node = pupil_exercises_member(&stored, &list[i].id);
        if (node == PUPIL_JSON_NONE) {
            return keep_refuse(fault, i, "id", "exists");
        }

        differs = keep_differs(&stored, node, &list[i]);
        if (differs != NULL) {
            return keep_refuse(fault, i, differs, "const");
        }

        keep_none(&list[i]);

        if (keys.len != 0 && !list[i].question.keyed && !list[i].keyless) {
            rc = keep_key(&kept, &list[i]);
        }
    }

    return rc;
}


/* The member by which an answer to it would mean something else; or NULL. */
static const char *
keep_differs(const pupil_json_t *json, uint32_t node,
    const pupil_input_exercise_t *in)
{
    uint32_t  multiple;

    if (!keep_text(json, node, "kind", in->kind)) {
        return "kind";
    }

    if (!keep_text(json, node, "unit", in->unit)) {
        return "unit";
    }

    if (!keep_options(json, node, in)) {
        return "options";
    }

    multiple = pupil_json_member(json, node, "multiple");

    return (multiple != PUPIL_JSON_NONE
            && pupil_json_type(json, multiple) == PUPIL_JSON_TRUE)
           != (in->question.multiple != 0) ? "multiple" : NULL;
}


/* Absent stands for absent. */
static int
keep_text(const pupil_json_t *json, uint32_t node, const char *name,
    pupil_str_t text)
{
    uint32_t  member;

    member = pupil_json_member(json, node, name);

    return member == PUPIL_JSON_NONE ? text.data == NULL
           : text.data != NULL && pupil_json_is(json, member, text);
}


static int
keep_options(const pupil_json_t *json, uint32_t node,
    const pupil_input_exercise_t *in)
{
    uint32_t  i, list, option;

    list = pupil_json_member(json, node, "options");

    if (list == PUPIL_JSON_NONE) {
        return in->options == NULL;
    }

    if (in->options == NULL
        || json->nodes[list].children != in->question.options)
    {
        return 0;
    }

    for (option = pupil_json_first(json, list), i = 0;
         option != PUPIL_JSON_NONE;
         option = pupil_json_next(json, option), i++)
    {
        if (!pupil_json_is(json, option, in->options[i])) {
            return 0;
        }
    }

    return 1;
}


/* A key of the time before: the request begins anew, and it may be another. */
static void
keep_none(pupil_input_exercise_t *in)
{
    if (!in->kept) {
        return;
    }

    in->kept = 0;
    in->key.data = NULL;
    in->key.len = 0;
    in->question.keyed = 0;
    in->question.right = 0;
    memset(&in->question.value, 0, sizeof(in->question.value));
    memset(&in->question.tolerance, 0, sizeof(in->question.tolerance));
}


/* The key that it has, as if it had been sent. */
static pupil_rc_t
keep_key(const pupil_json_t *keys, pupil_input_exercise_t *in)
{
    uint32_t  node, at;

    node = pupil_exercises_member(keys, &in->id);
    if (node == PUPIL_JSON_NONE) {
        return PUPIL_OK;
    }

    node = pupil_json_member(keys, node, "key");
    in->kept = 1;

    if (node == PUPIL_JSON_NONE
        || pupil_key_read(keys, node, &in->question, &at) != NULL)
    {
        return PUPIL_INVALID;
    }

    in->key = pupil_json_raw(keys, node);

    return PUPIL_OK;
}


static pupil_rc_t
keep_refuse(pupil_fault_t *fault, uint32_t i, const char *member,
    const char *rule)
{
    char  field[sizeof(fault->field)];

    snprintf(field, sizeof(field), "/exercises/%u/%s", i, member);

    return pupil_fault_set(fault, 422, field, rule);
}
