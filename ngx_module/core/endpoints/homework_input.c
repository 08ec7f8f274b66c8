/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/homework_input.h"
#include "core/input/rule.h"


/* PUPIL_INPUT_SET_DESCRIBED and _ASSIGNED_AT are the bits of their rows. */
static const pupil_rule_t  homework_rules[] = {
    { .name = "id", .kind = RULE_UUID,
      .offset = offsetof(pupil_input_homework_t, id) },
    { .name = "class_id", .kind = RULE_UUID, .flags = RULE_REQUIRED,
      .offset = offsetof(pupil_input_homework_t, class_id) },
    { .name = "title", .kind = RULE_LINE,
      .min = 1, .max = PUPIL_INPUT_TITLE_MAX,
      .offset = offsetof(pupil_input_homework_t, title) },
    { .name = "description", .kind = RULE_TEXT, .flags = RULE_NULLABLE,
      .max = PUPIL_INPUT_DESCRIPTION_MAX,
      .offset = offsetof(pupil_input_homework_t, description) },
    { .name = "assigned_at", .kind = RULE_TIME,
      .min = PUPIL_INPUT_PAST_DAYS, .max = PUPIL_INPUT_PAST_DAYS,
      .offset = offsetof(pupil_input_homework_t, assigned_at) },
    { .name = "due_at", .kind = RULE_TIME, .flags = RULE_REQUIRED,
      .min = PUPIL_INPUT_PAST_DAYS, .max = PUPIL_INPUT_PAST_DAYS,
      .offset = offsetof(pupil_input_homework_t, due_at) },
    { .name = "exercises", .kind = RULE_LIST,
      .min = 1, .max = PUPIL_INPUT_EXERCISES_MAX },
    { .name = "copy_of", .kind = RULE_UUID,
      .offset = offsetof(pupil_input_homework_t, copy_of) }
};


/* In the order of the bits PUPIL_INPUT_SET_*. */
static const pupil_rule_t  patch_rules[] = {
    { .name = "title", .kind = RULE_LINE,
      .min = 1, .max = PUPIL_INPUT_TITLE_MAX,
      .offset = offsetof(pupil_input_homework_patch_t, title) },
    { .name = "description", .kind = RULE_TEXT, .flags = RULE_NULLABLE,
      .max = PUPIL_INPUT_DESCRIPTION_MAX,
      .offset = offsetof(pupil_input_homework_patch_t, description) },
    { .name = "due_at", .kind = RULE_TIME,
      .min = PUPIL_INPUT_PAST_DAYS, .max = PUPIL_INPUT_PAST_DAYS,
      .offset = offsetof(pupil_input_homework_patch_t, due_at) },
    { .name = "exercises", .kind = RULE_LIST,
      .min = 1, .max = PUPIL_INPUT_EXERCISES_MAX },
    { .name = "version", .kind = RULE_UUID,
      .offset = offsetof(pupil_input_homework_patch_t, version) }
};


/* The elements of the list of exercises, whose size was checked. */
static pupil_rc_t
homework_exercises(pupil_body_t *in, uint32_t list, unsigned changed,
    pupil_input_exercise_t **out, uint32_t *count)
{
    size_t                   size;
    uint32_t                 i, n, node;
    pupil_rc_t               rc;
    pupil_input_exercise_t  *exercises;

    size = in->json.nodes[list].children * sizeof(pupil_input_exercise_t);

    exercises = in->alloc->alloc(in->alloc->ctx, size);
    if (exercises == NULL) {
        return PUPIL_NO_MEMORY;
    }

    memset(exercises, 0, size);

    for (node = pupil_json_first(&in->json, list), n = 0;
         node != PUPIL_JSON_NONE;
         node = pupil_json_next(&in->json, node), n++)
    {
        rc = pupil_exercise_input(in, node, changed, &exercises[n]);
        if (rc != PUPIL_OK) {
            return rc;
        }

        for (i = 0; i < n && !pupil_uuid_is_zero(&exercises[n].id); i++) {
            if (pupil_uuid_compare(&exercises[i].id, &exercises[n].id) == 0) {
                return pupil_rule_refuse_member(in, node, "id", "uniqueItems");
            }
        }
    }

    *out = exercises;
    *count = n;

    return PUPIL_OK;
}


pupil_rc_t
pupil_input_homework(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_time_t now, pupil_input_homework_t *out, pupil_fault_t *fault)
{
    uint32_t      due, exercises;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_homework_t));
    out->assigned_at = now;

    rc = pupil_input_parse(&in, alloc, body, now, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_rule_object(&in, 0, homework_rules,
                           pupil_rule_count(homework_rules), out, &out->set);
    if (rc != PUPIL_OK) {
        return rc;
    }

    exercises = pupil_json_member(&in.json, 0, "exercises");

    if (pupil_uuid_is_zero(&out->copy_of)) {
        if (out->title.data == NULL) {
            return pupil_rule_refuse_member(&in, 0, "title", "required");
        }

        if (exercises == PUPIL_JSON_NONE) {
            return pupil_rule_refuse_member(&in, 0, "exercises", "required");
        }

    } else if (exercises != PUPIL_JSON_NONE) {
        return pupil_rule_refuse(&in, exercises, "additionalProperties");
    }

    if (out->due_at <= out->assigned_at) {
        due = pupil_json_member(&in.json, 0, "due_at");
        return pupil_rule_refuse(&in, due, "after-assigned_at");
    }

    return exercises == PUPIL_JSON_NONE
           ? PUPIL_OK
           : homework_exercises(&in, exercises, 0, &out->exercises,
                                &out->exercise_count);
}


pupil_rc_t
pupil_input_homework_patch(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now,
    pupil_input_homework_patch_t *out, pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_homework_patch_t));

    rc = pupil_input_parse(&in, alloc, body, now, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_rule_object(&in, 0, patch_rules, pupil_rule_count(patch_rules),
                           out, &out->set);

    if (rc == PUPIL_OK && (out->set & ~PUPIL_INPUT_SET_VERSION) == 0) {
        return pupil_rule_refuse(&in, 0, "minProperties");
    }

    return rc == PUPIL_OK && (out->set & PUPIL_INPUT_SET_EXERCISES)
           ? homework_exercises(&in,
                                pupil_json_member(&in.json, 0, "exercises"), 1,
                                &out->exercises, &out->exercise_count)
           : rc;
}
