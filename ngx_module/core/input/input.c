/*
 * Copyright (C) the Pupil authors
 *
 * Request bodies as tables of members.  Query arguments are in
 * input_query.c.
 */

#include <string.h>

#include <sodium.h>

#include "core/input/rule.h"


#define INPUT_PAST  (PUPIL_INPUT_PAST / PUPIL_TIME_DAY)


static const pupil_json_limits_t  input_limits = {
    PUPIL_JSON_REQUEST_DEPTH, PUPIL_INPUT_NODES_MAX
};


static const pupil_rule_t  input_login_rules[] = {
    { "identifier", RULE_NAME, RULE_REQUIRED, 1, PUPIL_INPUT_IDENTIFIER_MAX,
      offsetof(pupil_input_login_t, identifier) },
    { "password", RULE_SECRET, RULE_REQUIRED, 1, PUPIL_INPUT_PASSWORD_MAX,
      offsetof(pupil_input_login_t, password) }
};


static const pupil_rule_t  input_institution_rules[] = {
    { "institution_id", RULE_UUID, RULE_REQUIRED, 0, 0,
      offsetof(pupil_input_institution_t, institution_id) }
};


static const pupil_rule_t  input_homework_rules[] = {
    { "class_id", RULE_UUID, RULE_REQUIRED, 0, 0,
      offsetof(pupil_input_homework_t, class_id) },
    { "title", RULE_LINE, RULE_REQUIRED, 1, PUPIL_INPUT_TITLE_MAX,
      offsetof(pupil_input_homework_t, title) },
    { "description", RULE_TEXT, RULE_NULLABLE, 0,
      PUPIL_INPUT_DESCRIPTION_MAX,
      offsetof(pupil_input_homework_t, description) },
    { "assigned_at", RULE_TIME, 0, INPUT_PAST, INPUT_PAST,
      offsetof(pupil_input_homework_t, assigned_at) },
    { "due_at", RULE_TIME, RULE_REQUIRED, INPUT_PAST, INPUT_PAST,
      offsetof(pupil_input_homework_t, due_at) },
    { "exercises", RULE_LIST, RULE_REQUIRED, 1, PUPIL_INPUT_EXERCISES_MAX,
      0 }
};


static const pupil_rule_t  input_exercise_rules[] = {
    { "title", RULE_LINE, RULE_REQUIRED, 1, PUPIL_INPUT_TITLE_MAX,
      offsetof(pupil_input_exercise_t, title) },
    { "max_score", RULE_NUMBER, RULE_REQUIRED | RULE_EXCLUSIVE, 0,
      PUPIL_INPUT_SCORE_MAX, offsetof(pupil_input_exercise_t, max_score) }
};


/* In the order of the bits PUPIL_INPUT_SET_*. */
static const pupil_rule_t  input_homework_patch_rules[] = {
    { "title", RULE_LINE, 0, 1, PUPIL_INPUT_TITLE_MAX,
      offsetof(pupil_input_homework_patch_t, title) },
    { "description", RULE_TEXT, RULE_NULLABLE, 0,
      PUPIL_INPUT_DESCRIPTION_MAX,
      offsetof(pupil_input_homework_patch_t, description) },
    { "due_at", RULE_TIME, 0, INPUT_PAST, INPUT_PAST,
      offsetof(pupil_input_homework_patch_t, due_at) }
};


static const pupil_rule_t  input_submission_rules[] = {
    { "id", RULE_UUID, RULE_REQUIRED, 0, 0,
      offsetof(pupil_input_submission_t, id) },
    { "homework_id", RULE_UUID, RULE_REQUIRED, 0, 0,
      offsetof(pupil_input_submission_t, homework_id) },
    { "exercise_id", RULE_UUID, RULE_REQUIRED, 0, 0,
      offsetof(pupil_input_submission_t, exercise_id) },
    { "answer", RULE_RAW, RULE_REQUIRED, 0, PUPIL_INPUT_ANSWER_MAX,
      offsetof(pupil_input_submission_t, answer) },
    { "score", RULE_OBJECT, 0, 0, 0, 0 },
    { "success", RULE_BOOL, 0, 0, 0,
      offsetof(pupil_input_submission_t, success) },
    { "completion", RULE_BOOL, 0, 0, 0,
      offsetof(pupil_input_submission_t, completion) },
    { "duration", RULE_DURATION, 0, 0, 0,
      offsetof(pupil_input_submission_t, duration) },
    { "timestamp", RULE_TIME, 0, INPUT_PAST, 1,
      offsetof(pupil_input_submission_t, timestamp) }
};


static const pupil_rule_t  input_score_rules[] = {
    { "raw", RULE_NUMBER, RULE_REQUIRED, 0, PUPIL_INPUT_SCORE_MAX,
      offsetof(pupil_input_submission_t, score_raw) },
    { "max", RULE_NUMBER, RULE_REQUIRED | RULE_EXCLUSIVE, 0,
      PUPIL_INPUT_SCORE_MAX, offsetof(pupil_input_submission_t, score_max) }
};


/* The array that a progress body may be; each element is on its own. */
static const pupil_rule_t  input_batch_rule = {
    "", RULE_LIST, 0, 1, PUPIL_INPUT_BATCH_MAX, 0
};


/* Of a patch of any category, whose rest is the plugin's. */
static const pupil_rule_t  input_id_rule = {
    "id", RULE_UUID, 0, 0, 0, 0
};


static pupil_rc_t
input_parse(pupil_body_t *in, const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now, pupil_fault_t *fault)
{
    in->alloc = alloc;
    in->now = now;
    in->fault = fault;
    in->rc = PUPIL_OK;

    return pupil_json_parse(alloc, body->data, body->len, &input_limits,
                            &in->json, fault);
}


pupil_rc_t
pupil_input_login(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_login_t *out, pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_login_t));

    rc = input_parse(&in, alloc, body, 0, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    return pupil_rule_object(&in, 0, input_login_rules,
                             pupil_rule_count(input_login_rules), out, NULL);
}


void
pupil_input_login_wipe(pupil_input_login_t *login)
{
    if (login->password.data != NULL) {
        sodium_memzero((uint8_t *) login->password.data,
                       login->password.len);
    }

    login->password.data = NULL;
    login->password.len = 0;
}


pupil_rc_t
pupil_input_institution(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_institution_t *out, pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_institution_t));

    rc = input_parse(&in, alloc, body, 0, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    return pupil_rule_object(&in, 0, input_institution_rules,
                             pupil_rule_count(input_institution_rules), out,
                             NULL);
}


/* The elements of the list of exercises, whose size was checked. */
static pupil_rc_t
input_exercises(pupil_body_t *in, uint32_t list,
    pupil_input_homework_t *out)
{
    size_t                   size;
    uint32_t                 node;
    pupil_rc_t               rc;
    pupil_input_exercise_t  *exercise;

    size = in->json.nodes[list].children * sizeof(pupil_input_exercise_t);

    out->exercises = in->alloc->alloc(in->alloc->ctx, size);
    if (out->exercises == NULL) {
        return PUPIL_NO_MEMORY;
    }

    memset(out->exercises, 0, size);

    for (node = pupil_json_first(&in->json, list);
         node != PUPIL_JSON_NONE;
         node = pupil_json_next(&in->json, node))
    {
        exercise = &out->exercises[out->exercise_count++];

        rc = pupil_rule_object(in, node, input_exercise_rules,
                               pupil_rule_count(input_exercise_rules),
                               exercise, NULL);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_input_homework(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_time_t now, pupil_input_homework_t *out, pupil_fault_t *fault)
{
    uint32_t      due;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_homework_t));
    out->assigned_at = now;

    rc = input_parse(&in, alloc, body, now, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_rule_object(&in, 0, input_homework_rules,
                           pupil_rule_count(input_homework_rules), out, NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    if (out->due_at <= out->assigned_at) {
        due = pupil_json_member(&in.json, 0, "due_at");
        return pupil_rule_refuse(&in, due, "after-assigned_at");
    }

    return input_exercises(&in, pupil_json_member(&in.json, 0, "exercises"),
                           out);
}


pupil_rc_t
pupil_input_homework_patch(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now,
    pupil_input_homework_patch_t *out, pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_homework_patch_t));

    rc = input_parse(&in, alloc, body, now, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_rule_object(&in, 0, input_homework_patch_rules,
                           pupil_rule_count(input_homework_patch_rules), out,
                           &out->set);

    if (rc == PUPIL_OK && out->set == 0) {
        return pupil_rule_refuse(&in, 0, "minProperties");
    }

    return rc;
}


/* The optional score of a submission: 0 <= raw <= max, max > 0. */
static pupil_rc_t
input_score(pupil_body_t *in, uint32_t object,
    pupil_input_submission_t *item)
{
    uint32_t    score;
    pupil_rc_t  rc;

    score = pupil_json_member(&in->json, object, "score");
    if (score == PUPIL_JSON_NONE) {
        return PUPIL_OK;
    }

    rc = pupil_rule_object(in, score, input_score_rules,
                           pupil_rule_count(input_score_rules), item, NULL);

    if (rc == PUPIL_OK
        && pupil_decimal_compare(item->score_raw.value, item->score_max.value)
           > 0)
    {
        return pupil_rule_refuse_member(in, score, "raw", "maximum");
    }

    return rc;
}


static pupil_rc_t
input_submission(pupil_body_t *in, uint32_t node,
    pupil_input_submission_t *item)
{
    uint32_t    id;
    pupil_rc_t  rc;

    memset(item, 0, sizeof(pupil_input_submission_t));
    item->timestamp = PUPIL_TIME_NONE;

    in->fault = &item->fault;

    /* first, so that what is refused for anything else still has its id */
    id = pupil_json_member(&in->json, node, input_id_rule.name);
    if (id != PUPIL_JSON_NONE
        && pupil_rule_member(in, id, &input_id_rule, &item->id)
           == PUPIL_NO_MEMORY)
    {
        return PUPIL_NO_MEMORY;
    }

    rc = pupil_rule_object(in, node, input_submission_rules,
                           pupil_rule_count(input_submission_rules), item,
                           NULL);
    if (rc == PUPIL_OK) {
        rc = input_score(in, node, item);
    }

    item->rc = rc;

    return rc;
}


pupil_rc_t
pupil_input_progress(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_time_t now, pupil_input_progress_t *out, pupil_fault_t *fault)
{
    uint32_t      i, node;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_progress_t));

    rc = input_parse(&in, alloc, body, now, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    out->is_array = pupil_json_type(&in.json, 0) == PUPIL_JSON_ARRAY;
    out->count = 1;
    node = 0;

    if (out->is_array) {
        rc = pupil_rule_member(&in, 0, &input_batch_rule, out);
        if (rc != PUPIL_OK) {
            return rc;
        }

        out->count = in.json.nodes[0].children;
        node = pupil_json_first(&in.json, 0);
    }

    out->items = alloc->alloc(alloc->ctx,
                              out->count * sizeof(pupil_input_submission_t));
    if (out->items == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (i = 0; i < out->count; i++) {
        rc = input_submission(&in, node, &out->items[i]);
        if (rc == PUPIL_NO_MEMORY) {
            return rc;
        }

        node = pupil_json_next(&in.json, node);
    }

    if (!out->is_array && rc != PUPIL_OK) {
        *fault = out->items[0].fault;
        return rc;
    }

    return PUPIL_OK;
}


/* The members beside id, which are counted. */
static pupil_rc_t
input_patch_members(pupil_body_t *in, pupil_input_patch_t *out)
{
    uint32_t               node;
    pupil_rc_t             rc;
    pupil_input_member_t  *member;

    for (node = pupil_json_first(&in->json, 0);
         node != PUPIL_JSON_NONE;
         node = pupil_json_next(&in->json, node))
    {
        if (pupil_json_key_is(&in->json, node, input_id_rule.name)) {
            continue;
        }

        member = &out->members[out->count++];
        member->node = node;

        rc = pupil_json_key(&in->json, node, in->alloc, &member->name);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_input_patch(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_patch_t *out, pupil_fault_t *fault)
{
    uint32_t      id, count;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_patch_t));

    rc = input_parse(&in, alloc, body, 0, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    if (pupil_json_type(&in.json, 0) != PUPIL_JSON_OBJECT) {
        return pupil_rule_refuse(&in, 0, "type");
    }

    id = pupil_json_member(&in.json, 0, input_id_rule.name);
    if (id != PUPIL_JSON_NONE) {
        rc = pupil_rule_member(&in, id, &input_id_rule, &out->id);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    count = in.json.nodes[0].children - (id != PUPIL_JSON_NONE);
    if (count == 0) {
        return pupil_rule_refuse(&in, 0, "minProperties");
    }

    if (count > PUPIL_INPUT_MEMBERS_MAX) {
        return pupil_rule_refuse(&in, 0, "maxProperties");
    }

    out->members = alloc->alloc(alloc->ctx,
                                count * sizeof(pupil_input_member_t));
    if (out->members == NULL) {
        return PUPIL_NO_MEMORY;
    }

    out->json = in.json;

    return input_patch_members(&in, out);
}
