/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/score.h"


/* Of what the host itself has stored. */
static const pupil_json_limits_t  score_limits = {
    PUPIL_JSON_REQUEST_DEPTH, PUPIL_INPUT_NODES_MAX
};

static const char *const  score_status_names[] = {
    [PUPIL_SCORE_NOT_STARTED] = "not_started",
    [PUPIL_SCORE_IN_PROGRESS] = "in_progress",
    [PUPIL_SCORE_COMPLETED]   = "completed"
};


static pupil_rc_t score_exercise(const pupil_json_t *json, uint32_t node,
    pupil_exercise_t *out);
static pupil_rc_t score_number(pupil_str_t raw, pupil_decimal_t *sum);
static pupil_rc_t score_raw(pupil_str_t result, const pupil_alloc_t *alloc,
    pupil_str_t *raw, uint32_t *machine);
static void score_bool(pupil_writer_t *writer, const char *name,
    pupil_input_bool_t value);


pupil_rc_t
pupil_exercises_read(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_exercises_t *out)
{
    uint32_t           node, count;
    pupil_rc_t         rc;
    pupil_json_t       json;
    pupil_exercise_t  *item;

    memset(out, 0, sizeof(*out));

    rc = pupil_json_parse(alloc, text.data, text.len, &score_limits, &json,
        NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    if (pupil_json_type(&json, 0) != PUPIL_JSON_ARRAY) {
        return PUPIL_INVALID;
    }

    count = json.nodes[0].children;
    out->items = alloc->alloc(alloc->ctx,
        (count ? count : 1) * sizeof(pupil_exercise_t));
    if (out->items == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (node = pupil_json_first(&json, 0); node != PUPIL_JSON_NONE;
         node = pupil_json_next(&json, node))
    {
        item = &out->items[out->count];

        rc = score_exercise(&json, node, item);
        if (rc != PUPIL_OK) {
            return rc;
        }

        if (item->max_score.len) {
            rc = score_number(item->max_score, &out->max);
            if (rc != PUPIL_OK) {
                return rc;
            }

            out->scored++;
            out->max_raw = item->max_score;
        }

        out->count++;
    }

    return PUPIL_OK;
}


static pupil_rc_t
score_exercise(const pupil_json_t *json, uint32_t node, pupil_exercise_t *out)
{
    uint32_t     id, max;
    pupil_str_t  raw;

    memset(out, 0, sizeof(*out));

    id = pupil_json_member(json, node, "id");
    if (id == PUPIL_JSON_NONE || pupil_json_type(json, id) != PUPIL_JSON_STRING)
    {
        return PUPIL_INVALID;
    }

    raw = pupil_json_raw(json, id);

    if (pupil_uuid_parse(raw.data + 1, raw.len - 2, &out->id) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    max = pupil_json_member(json, node, "max_score");
    if (max != PUPIL_JSON_NONE) {
        out->max_score = pupil_json_raw(json, max);
    }

    return PUPIL_OK;
}


static pupil_rc_t
score_number(pupil_str_t raw, pupil_decimal_t *sum)
{
    pupil_rc_t       rc;
    pupil_decimal_t  value;

    rc = pupil_decimal_parse(raw.data, raw.len, &value, NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    return pupil_decimal_add(*sum, value, sum);
}


/* What an exercise of a kind has more than others. */
static void
exercises_kind(pupil_writer_t *writer, const pupil_input_exercise_t *in)
{
    uint32_t  i;

    pupil_writer_key(writer, "kind");
    pupil_writer_str(writer, &in->kind);

    if (in->text.data != NULL) {
        pupil_writer_key(writer, "text");
        pupil_writer_str(writer, &in->text);
    }

    if (in->unit.data != NULL) {
        pupil_writer_key(writer, "unit");
        pupil_writer_str(writer, &in->unit);
    }

    if (in->options == NULL) {
        return;
    }

    pupil_writer_key(writer, "options");
    pupil_writer_array_begin(writer);

    for (i = 0; i < in->question.options; i++) {
        pupil_writer_str(writer, &in->options[i]);
    }

    pupil_writer_array_end(writer);
    pupil_writer_key(writer, "multiple");
    pupil_writer_bool(writer, in->question.multiple);
}


pupil_rc_t
pupil_exercises_text(const pupil_alloc_t *alloc,
    const pupil_input_exercise_t *exercises, uint32_t count,
    const pupil_uuid_t *ids, pupil_str_t *out)
{
    uint32_t        i;
    pupil_writer_t  writer;

    pupil_writer_init(&writer, alloc, 0);
    pupil_writer_array_begin(&writer);

    for (i = 0; i < count; i++) {
        pupil_writer_object_begin(&writer);
        pupil_writer_key(&writer, "id");
        pupil_writer_uuid(&writer, &ids[i]);
        pupil_writer_key(&writer, "title");
        pupil_writer_str(&writer, &exercises[i].title);

        if (exercises[i].max_score.raw.data) {
            pupil_writer_key(&writer, "max_score");
            pupil_writer_raw(&writer, exercises[i].max_score.raw.data,
                exercises[i].max_score.raw.len);
        }

        if (exercises[i].question.kind != PUPIL_KIND_NONE) {
            exercises_kind(&writer, &exercises[i]);
        }

        pupil_writer_object_end(&writer);
    }

    pupil_writer_array_end(&writer);

    return pupil_writer_flatten(&writer, alloc, out);
}


pupil_rc_t
pupil_exercises_keys(const pupil_alloc_t *alloc,
    const pupil_input_exercise_t *exercises, uint32_t count,
    const pupil_uuid_t *ids, pupil_str_t *out)
{
    uint32_t                       i, n;
    pupil_writer_t                 writer;
    const pupil_input_exercise_t  *in;

    memset(out, 0, sizeof(*out));
    pupil_writer_init(&writer, alloc, 0);
    pupil_writer_array_begin(&writer);

    for (i = 0, n = 0; i < count; i++) {
        in = &exercises[i];

        if (!in->question.keyed) {
            continue;
        }

        n++;
        pupil_writer_object_begin(&writer);
        pupil_writer_key(&writer, "id");
        pupil_writer_uuid(&writer, &ids[i]);
        pupil_writer_key(&writer, "key");
        pupil_writer_raw(&writer, in->key.data, in->key.len);
        pupil_writer_object_end(&writer);
    }

    pupil_writer_array_end(&writer);

    return n == 0 ? PUPIL_OK : pupil_writer_flatten(&writer, alloc, out);
}


/* The score as a machine gives it, or as it was sent. */
static void
result_score(pupil_writer_t *writer, const pupil_input_submission_t *input)
{
    int  machine;

    machine = input->scored >= PUPIL_SCORED_WRONG;

    if (!machine && input->score_raw.raw.data == NULL) {
        return;
    }

    pupil_writer_key(writer, "score");
    pupil_writer_object_begin(writer);
    pupil_writer_key(writer, "raw");

    if (machine) {
        pupil_writer_decimal(writer, input->scored == PUPIL_SCORED_RIGHT
                                     ? input->max_score : 0);
        pupil_writer_key(writer, "max");
        pupil_writer_decimal(writer, input->max_score);

    } else {
        pupil_writer_raw(writer, input->score_raw.raw.data,
            input->score_raw.raw.len);
        pupil_writer_key(writer, "max");
        pupil_writer_raw(writer, input->score_max.raw.data,
            input->score_max.raw.len);
    }

    if (input->scored != PUPIL_SCORED_NOT) {
        pupil_writer_key(writer, "by");
        pupil_writer_cstr(writer, machine ? "machine" : "claimed");
    }

    pupil_writer_object_end(writer);
}


pupil_rc_t
pupil_result_text(const pupil_alloc_t *alloc,
    const pupil_input_submission_t *input, pupil_str_t *out)
{
    pupil_writer_t  writer;

    pupil_writer_init(&writer, alloc, 512);
    pupil_writer_object_begin(&writer);

    result_score(&writer, input);

    if (input->scored >= PUPIL_SCORED_WRONG) {
        pupil_writer_key(&writer, "success");
        pupil_writer_bool(&writer, input->scored == PUPIL_SCORED_RIGHT);

    } else {
        score_bool(&writer, "success", input->success);
    }

    score_bool(&writer, "completion", input->completion);

    if (input->duration.data) {
        pupil_writer_key(&writer, "duration");
        pupil_writer_str(&writer, &input->duration);
    }

    if (input->timestamp != PUPIL_TIME_NONE) {
        pupil_writer_key(&writer, "timestamp");
        pupil_writer_time(&writer, input->timestamp);
    }

    pupil_writer_object_end(&writer);

    return pupil_writer_flatten(&writer, alloc, out);
}


pupil_rc_t
pupil_result_write(pupil_writer_t *writer, pupil_str_t result,
    const pupil_alloc_t *alloc)
{
    size_t        i;
    uint32_t      node;
    pupil_rc_t    rc;
    pupil_str_t   raw;
    pupil_json_t  json;

    static const char *const  members[] = {
        "score", "success", "completion", "duration", "timestamp"
    };

    rc = pupil_json_parse(alloc, result.data, result.len, &score_limits, &json,
        NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        node = pupil_json_member(&json, 0, members[i]);

        if (node != PUPIL_JSON_NONE) {
            raw = pupil_json_raw(&json, node);
            pupil_writer_key(writer, members[i]);
            pupil_writer_raw(writer, raw.data, raw.len);
        }
    }

    return PUPIL_OK;
}


static void
score_bool(pupil_writer_t *writer, const char *name, pupil_input_bool_t value)
{
    if (value != PUPIL_INPUT_ABSENT) {
        pupil_writer_key(writer, name);
        pupil_writer_bool(writer, value == PUPIL_INPUT_TRUE);
    }
}


void
pupil_score_init(pupil_score_t *score)
{
    memset(score, 0, sizeof(*score));
    score->updated_at = PUPIL_TIME_NONE;
}


pupil_rc_t
pupil_score_add(pupil_score_t *score, const pupil_exercises_t *exercises,
    const pupil_submission_t *submission, const pupil_alloc_t *alloc)
{
    uint32_t     i;
    pupil_rc_t   rc;
    pupil_str_t  raw;

    for (i = 0; i < exercises->count; i++) {
        if (pupil_uuid_compare(&exercises->items[i].id, &submission->exercise)
            == 0)
        {
            break;
        }
    }

    if (i == exercises->count) {
        return PUPIL_OK;
    }

    if (submission->result.len) {
        rc = score_raw(submission->result, alloc, &raw, &score->machine);

        if (rc == PUPIL_OK) {
            rc = score_number(raw, &score->sum);
            score->raw = raw;
            score->scored++;
        }

        if (rc != PUPIL_OK && rc != PUPIL_NOT_FOUND) {
            return rc;
        }
    }

    score->submissions++;
    score->done += submission->done ? 1 : 0;

    if (score->updated_at < submission->updated_at) {
        score->updated_at = submission->updated_at;
    }

    return PUPIL_OK;
}


/* Bytes of a number that a text begins with. */
static size_t
score_digits(const uint8_t *p, size_t left)
{
    size_t  n;

    static const char  number[] = "0123456789.-+eE";

    for (n = 0; n < left; n++) {
        if (memchr(number, p[n], sizeof(number) - 1) == NULL) {
            break;
        }
    }

    return n;
}


/* Does what is left of a result begin with this?  Then it is left behind. */
static int
score_begins(pupil_str_t *text, const char *with)
{
    size_t  len;

    len = strlen(with);

    if (text->len < len || memcmp(text->data, with, len) != 0) {
        return 0;
    }

    text->data += len;
    text->len -= len;

    return 1;
}


/*
 * The number of a result, which counts for *machine if one gave it;
 * PUPIL_NOT_FOUND when it has none.  What pupil_result_text() wrote begins with
 * it; any other text is read as JSON.
 */
static pupil_rc_t
score_raw(pupil_str_t result, const pupil_alloc_t *alloc, pupil_str_t *raw,
    uint32_t *machine)
{
    size_t        n;
    uint32_t      score, node;
    pupil_rc_t    rc;
    pupil_str_t   text;
    pupil_json_t  json;

    text = result;

    if (score_begins(&text, "{\"score\":{\"raw\":")) {
        raw->data = text.data;
        raw->len = score_digits(text.data, text.len);
        text.data += raw->len;
        text.len -= raw->len;

        if (score_begins(&text, ",\"max\":")) {
            n = score_digits(text.data, text.len);
            text.data += n;
            text.len -= n;
            *machine += score_begins(&text, ",\"by\":\"machine\"}");

            return PUPIL_OK;
        }
    }

    rc = pupil_json_parse(alloc, result.data, result.len, &score_limits, &json,
        NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    score = pupil_json_member(&json, 0, "score");
    node = score == PUPIL_JSON_NONE
           ? score : pupil_json_member(&json, score, "raw");

    if (node == PUPIL_JSON_NONE) {
        return PUPIL_NOT_FOUND;
    }

    *raw = pupil_json_raw(&json, node);
    *machine += pupil_json_text_is(&json,
                                   pupil_json_member(&json, score, "by"),
                                   "machine");

    return PUPIL_OK;
}


pupil_score_status_t
pupil_score_status(const pupil_score_t *score,
    const pupil_exercises_t *exercises)
{
    if (score->submissions == 0) {
        return PUPIL_SCORE_NOT_STARTED;
    }

    return score->done >= exercises->count ? PUPIL_SCORE_COMPLETED
                                           : PUPIL_SCORE_IN_PROGRESS;
}


const char *
pupil_score_status_name(pupil_score_status_t status)
{
    return score_status_names[status];
}


static void
score_sum_write(pupil_writer_t *writer, const char *name, uint32_t count,
    pupil_str_t raw, pupil_decimal_t sum)
{
    pupil_writer_key(writer, name);

    if (count == 0) {
        pupil_writer_null(writer);

    } else if (count == 1) {
        pupil_writer_raw(writer, raw.data, raw.len);

    } else {
        pupil_writer_decimal(writer, sum);
    }
}


void
pupil_exercises_max_write(pupil_writer_t *writer,
    const pupil_exercises_t *exercises)
{
    score_sum_write(writer, "max_score", exercises->scored,
        exercises->max_raw, exercises->max);
}


void
pupil_score_write(pupil_writer_t *writer, const pupil_score_t *score,
    const pupil_exercises_t *exercises, int with_max)
{
    pupil_writer_key(writer, "status");
    pupil_writer_cstr(writer,
        pupil_score_status_name(pupil_score_status(score, exercises)));

    score_sum_write(writer, "score", score->scored, score->raw, score->sum);

    if (score->machine != 0) {
        pupil_writer_key(writer, "score_by");
        pupil_writer_cstr(writer, score->machine == score->scored ? "machine"
                                                                  : "mixed");
    }

    if (with_max) {
        pupil_exercises_max_write(writer, exercises);
    }

    pupil_writer_key(writer, "exercises_done");
    pupil_writer_int64(writer, score->done);
    pupil_writer_key(writer, "updated_at");
    pupil_writer_time(writer, score->updated_at);
}
