/*
 * Copyright (C) the Pupil authors
 *
 * Request bodies, query arguments and the small texts.  The first byte
 * chooses which; the second, when its top bit is set, the allocation that
 * fails.  A refusal must name a rule and show nothing but a clean pointer.
 */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/data.h"
#include "core/endpoints/homework_input.h"
#include "core/endpoints/login.h"
#include "core/endpoints/progress.h"
#include "core/endpoints/session.h"


#define BLOCKS  512
#define NOW     INT64_C(1795248000000000)   /* 2026-11-21T08:00:00Z */

#define check(what)                                                          \
    if (!(what)) {                                                           \
        fprintf(stderr, "line %d: %s\n", __LINE__, #what);                   \
        abort();                                                             \
    }


/* Blocks of their own, so that a byte too far is found. */
typedef struct {
    void      *blocks[BLOCKS];
    unsigned   used;
    unsigned   fail_at;
} heap_t;


typedef pupil_rc_t (*target_pt)(const pupil_alloc_t *alloc,
    const pupil_str_t *input, pupil_fault_t *fault);


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void *
heap_alloc(void *ctx, size_t size)
{
    void    *p;
    heap_t  *heap = ctx;

    if (heap->used == BLOCKS
        || (heap->fail_at != 0 && --heap->fail_at == 0))
    {
        return NULL;
    }

    p = malloc(size != 0 ? size : 1);
    if (p != NULL) {
        heap->blocks[heap->used++] = p;
    }

    return p;
}


static pupil_rc_t
target_login(const pupil_alloc_t *alloc, const pupil_str_t *input,
    pupil_fault_t *fault)
{
    pupil_rc_t           rc;
    pupil_input_login_t  login;

    rc = pupil_input_login(alloc, input, &login, fault);

    if (rc == PUPIL_OK) {
        check(login.identifier.len >= 1 && login.identifier.len <= 254);
        check(login.password.len >= 1 && login.password.len <= 1024);
        check(pupil_utf8_check(login.identifier.data, login.identifier.len,
                               NULL) == PUPIL_OK);
        check(memchr(login.password.data, 0, login.password.len) == NULL);
    }

    pupil_input_login_wipe(&login);

    return rc;
}


static pupil_rc_t
target_institution(const pupil_alloc_t *alloc, const pupil_str_t *input,
    pupil_fault_t *fault)
{
    pupil_rc_t                 rc;
    pupil_input_institution_t  out;

    rc = pupil_input_institution(alloc, input, &out, fault);
    check(rc != PUPIL_OK
          || (out.role_name.data == NULL) == (out.role == PUPIL_ROLE_NONE));

    return rc;
}


static pupil_rc_t
target_homework(const pupil_alloc_t *alloc, const pupil_str_t *input,
    pupil_fault_t *fault)
{
    uint32_t                i;
    pupil_rc_t              rc;
    pupil_input_homework_t  out;

    rc = pupil_input_homework(alloc, input, NOW, &out, fault);

    if (rc == PUPIL_OK) {
        check(out.due_at > out.assigned_at && out.exercise_count <= 100);
        check(!pupil_uuid_is_zero(&out.class_id) && out.title.len != 0);

        for (i = 0; i < out.exercise_count; i++) {
            check(out.exercises[i].max_score.value > 0);
            check(out.exercises[i].title.len != 0);
        }
    }

    return rc;
}


static pupil_rc_t
target_homework_patch(const pupil_alloc_t *alloc, const pupil_str_t *input,
    pupil_fault_t *fault)
{
    pupil_rc_t                    rc;
    pupil_input_homework_patch_t  out;

    rc = pupil_input_homework_patch(alloc, input, NOW, &out, fault);
    check(rc != PUPIL_OK || (out.set != 0 && out.set < 8));

    return rc;
}


static pupil_rc_t
target_progress(const pupil_alloc_t *alloc, const pupil_str_t *input,
    pupil_fault_t *fault)
{
    uint32_t                   i;
    pupil_rc_t                 rc;
    pupil_input_progress_t     out;
    pupil_input_submission_t  *item;

    rc = pupil_input_progress(alloc, input, NOW, &out, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    check(out.count >= 1 && out.count <= 100);

    for (i = 0; i < out.count; i++) {
        item = &out.items[i];

        if (item->rc == PUPIL_OK) {
            check(item->answer.len >= 1 && item->answer.len <= 60000);
            check(!pupil_uuid_is_zero(&item->id));
            check(item->score_raw.value >= 0);
            check(item->score_raw.value <= item->score_max.value);

        } else {
            check(out.is_array && item->rc == PUPIL_INVALID);
            check(item->fault.status == 422 && item->fault.field[0] == '/');
        }
    }

    return rc;
}


static pupil_rc_t
target_patch(const pupil_alloc_t *alloc, const pupil_str_t *input,
    pupil_fault_t *fault)
{
    uint32_t             i;
    pupil_rc_t           rc;
    pupil_input_patch_t  out;

    rc = pupil_input_patch(alloc, input, &out, fault);

    for (i = 0; rc == PUPIL_OK && i < out.count; i++) {
        check(out.members[i].node < out.json.count);
        check(pupil_utf8_check(out.members[i].name.data,
                               out.members[i].name.len, NULL) == PUPIL_OK);
    }

    return rc;
}


static pupil_rc_t
target_query(const pupil_alloc_t *alloc, const pupil_str_t *input,
    pupil_fault_t *fault)
{
    uint8_t                 text[PUPIL_LIST_CURSOR_TEXT_LEN];
    pupil_rc_t              rc;
    pupil_progress_query_t  progress;
    pupil_homework_query_t  homework, again;

    (void) alloc;

    memset(&progress, 0, sizeof(progress));
    progress.page = pupil_page_first;
    homework = pupil_homework_first;

    (void) pupil_input_query(input, pupil_progress_arguments, &progress,
                             fault);
    rc = pupil_input_query(input, pupil_homework_arguments, &homework, fault);
    check(rc != PUPIL_OK
          || (homework.page.limit >= 1 && homework.page.limit <= 100));

    if (rc == PUPIL_OK && !pupil_uuid_is_zero(&homework.page.cursor.id)) {
        pupil_list_cursor_encode(&homework.page.cursor, &homework.list_of,
                                 homework.back, text);
        check(pupil_list_cursor_decode(text, sizeof(text), &again)
              == PUPIL_OK);
        check(memcmp(&again.page.cursor, &homework.page.cursor,
                     sizeof(pupil_cursor_t)) == 0);
    }

    return rc;
}


/* What is accepted is written the same way, or reads the same again. */
static pupil_rc_t
target_texts(const pupil_alloc_t *alloc, const pupil_str_t *input,
    pupil_fault_t *fault)
{
    size_t           n;
    int32_t          days;
    uint8_t          text[64], bytes[64];
    pupil_uuid_t     uuid;
    pupil_time_t     time, again;
    pupil_cursor_t   cursor;
    pupil_decimal_t  value, same;
    const uint8_t   *s = input->data;
    size_t           len = input->len;

    (void) alloc;

    if (pupil_uuid_parse(s, len, &uuid) == PUPIL_OK) {
        pupil_uuid_format(&uuid, text);
        check(memcmp(text, s, len) == 0);
    }

    if (pupil_time_parse(s, len, &time) == PUPIL_OK) {
        n = pupil_time_format(time, text);
        check(n >= 20 && pupil_time_parse(text, n, &again) == PUPIL_OK);
        check(again == time);
    }

    if (pupil_date_parse(s, len, &days) == PUPIL_OK) {
        check(pupil_date_format(days, text) == len);
        check(memcmp(text, s, len) == 0);
    }

    if (pupil_decimal_parse(s, len, &value, NULL) == PUPIL_OK) {
        n = pupil_decimal_format(value, text);
        check(n <= len || value == 0);
        check(pupil_decimal_parse(text, n, &same, NULL) == PUPIL_OK);
        check(same == value);
    }

    if (pupil_base64url_decode(s, len, bytes, 40, &n) == PUPIL_OK) {
        check(pupil_base64url_encode(bytes, n, text) == len);
        check(memcmp(text, s, len) == 0);
    }

    if (pupil_cursor_decode(s, len, &cursor) == PUPIL_OK) {
        pupil_cursor_encode(&cursor, text);
        check(memcmp(text, s, len) == 0);
    }

    pupil_hex_decode(s, len, bytes, sizeof(bytes), &n);
    pupil_duration_check(s, len);

    return pupil_fault_set(fault, 422, "", "texts");
}


static const target_pt  targets[] = {
    target_login, target_institution, target_homework,
    target_homework_patch, target_progress, target_patch, target_query,
    target_texts
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t         i;
    heap_t         heap = { .used = 0 };
    target_pt      target;
    pupil_rc_t     rc;
    pupil_str_t    input;
    pupil_alloc_t  alloc = { heap_alloc, &heap };
    pupil_fault_t  fault;

    if (size < 2 || sodium_init() < 0) {
        return 0;
    }

    target = targets[data[0] % (sizeof(targets) / sizeof(targets[0]))];
    heap.fail_at = data[1] & 0x80 ? data[1] & 0x7f : 0;
    input.data = data + 2;
    input.len = size - 2;

    rc = target(&alloc, &input, &fault);

    if (rc == PUPIL_INVALID) {
        check(fault.status == 400 || fault.status == 422);
        check(fault.rule != NULL && fault.rule[0] != '\0');

        for (i = 0; fault.field[i] != '\0'; i++) {
            check(fault.field[i] > 0x20 && fault.field[i] < 0x7f);
            check(strchr("\"\\<>&", fault.field[i]) == NULL);
        }

    } else {
        check(rc == PUPIL_OK || rc == PUPIL_NO_MEMORY);
    }

    while (heap.used != 0) {
        free(heap.blocks[--heap.used]);
    }

    return 0;
}
