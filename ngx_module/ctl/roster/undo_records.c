/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/join.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/print.h"
#include "ctl/roster/undo_records.h"
#include "ctl/roster/values.h"
#include "ctl/store/record.h"


#define CHUNK  1000             /* people a query */

#define RESTRICTED  "their data is restricted"
#define CHANGED     "their names or addresses were changed"

/* Those who are read at once: of people or titles, by their places. */
typedef struct {
    undo_t         *undo;
    roster_kind_t   kind;
    roster_record_t record;
    pupil_uuid_t    ids[CHUNK];
    uint32_t        places[CHUNK];
    size_t          count;
} chunk_t;

static const undo_count_t  counts[ROSTER_RECORDS] = {
    [ROSTER_IDENTITY] = UNDO_RENAMED,
    [ROSTER_CREDENTIAL] = UNDO_LOGINS,
    [ROSTER_CONTACT] = UNDO_ADDRESSES
};

static const ctl_access_t  read_access[ROSTER_RECORDS] = {
    [ROSTER_IDENTITY] = {
        .category = "identity",
        .fields = "given_name family_name",
        .purpose = PUPIL_PURPOSE_RECOVERY,
        .operation = PUPIL_OPERATION_READ,
        .about = "subjects"
    },
    [ROSTER_CREDENTIAL] = {
        .category = "credential",
        .fields = "login_id",
        .purpose = PUPIL_PURPOSE_RECOVERY,
        .operation = PUPIL_OPERATION_READ,
        .about = "subjects"
    },
    [ROSTER_CONTACT] = {
        .category = "contact",
        .fields = "email",
        .purpose = PUPIL_PURPOSE_RECOVERY,
        .operation = PUPIL_OPERATION_READ,
        .about = "subjects"
    }
};


static pupil_str_t
text_of(const json_t *list, size_t i)
{
    pupil_str_t    s;
    const json_t  *text;

    text = json_array_get(list, i);
    s.data = (const uint8_t *) json_string_value(text);
    s.len = json_string_length(text);

    return s;
}


/* Where an image has a value: of a class, its school is behind the title. */
static unsigned
place_of(roster_kind_t kind, unsigned value)
{
    return value + (kind == ROSTER_CLASS && value >= ROSTER_GROUP_TYPE);
}


/*
 * list: null where there is no record, whose values are as none; neither has
 * an image of before a class had more than a title.
 */
static int
values_are(const json_t *list, roster_kind_t kind,
    const roster_opened_t *opened, unsigned count)
{
    unsigned     i;
    pupil_str_t  text;

    for (i = 0; i < count; i++) {
        text = text_of(list, place_of(kind, i));

        if (text.len != opened->values[i].len
            || (text.len != 0
                && memcmp(text.data, opened->values[i].data, text.len) != 0))
        {
            return 0;
        }
    }

    return 1;
}


static int
parent_is(const json_t *list, const roster_opened_t *opened)
{
    pupil_str_t   text;
    pupil_uuid_t  parent;

    text = text_of(list, 1);

    return text.len == 0
           || (pupil_uuid_parse(text.data, text.len, &parent) == PUPIL_OK
               && pupil_uuid_compare(&parent, &opened->parent) == 0);
}


static int
record_is(const json_t *list, roster_kind_t kind, roster_record_t record,
    const roster_opened_t *opened)
{
    return kind == ROSTER_USER
           ? values_are(list, kind, opened, roster_records[record].count)
           : values_are(list, kind, opened, roster_titles(kind))
             && parent_is(list, opened);
}


/* What is stored now is what the next import would compare with. */
static int
state_set(undo_t *undo, roster_kind_t kind, roster_record_t record,
    roster_item_t *item, const roster_opened_t *opened)
{
    unsigned       i;
    roster_item_t  now;

    now = *item;

    if (kind != ROSTER_USER) {
        memcpy(now.values, opened->values,
               roster_titles(kind) * sizeof(pupil_str_t));

    } else {
        for (i = 0; i < roster_records[record].count; i++) {
            now.values[roster_records[record].values[i]] = opened->values[i];
        }
    }

    item->states[record].has_print = 1;

    return roster_print(&undo->roster, kind, &now, record,
                        item->states[record].print);
}


static int
user_check(chunk_t *chunk, uint32_t place, const roster_opened_t *opened)
{
    unsigned        i;
    undo_t         *undo;
    roster_item_t  *item;
    undo_record_t  *record;
    undo_person_t  *person;

    undo = chunk->undo;
    person = &undo->people[place];
    record = &person->records[chunk->record];
    item = roster_item(&undo->roster, ROSTER_USER, place);

    /* who leaves again keeps what they have, and gives it up to others */
    if (item->leaves || record->unreadable) {
        return 0;
    }

    item->keeps[chunk->record] = 0;

    for (i = 0; i < roster_records[chunk->record].count; i++) {
        item->values[roster_records[chunk->record].values[i]] =
            text_of(record->before, i);
    }

    if (!record_is(record->before, ROSTER_USER, chunk->record, opened)) {
        undo->counts[counts[chunk->record]]++;

        if (!record_is(record->after, ROSTER_USER, chunk->record, opened)
            && person->touched == NULL)
        {
            person->touched = CHANGED;
        }
    }

    return state_set(undo, ROSTER_USER, chunk->record, item, opened);
}


/* The school of a class, as an item that stays as it is. */
static uint32_t
school_item(undo_t *undo, const json_t *before)
{
    uint32_t         i;
    pupil_str_t      id;
    roster_item_t   *item;
    roster_place_t   place = { "run", 0 };

    id = text_of(before, 1);
    i = roster_item_find(&undo->roster, ROSTER_INSTITUTION, id);

    if (i != ROSTER_NONE) {
        return i;
    }

    item = roster_item_add(&undo->roster, ROSTER_INSTITUTION, &place, id);
    item->known = 1;
    item->parent = ROSTER_NONE;
    item->keeps[ROSTER_TITLES] = 1;
    (void) pupil_uuid_parse(id.data, id.len, &item->owner.id);

    return roster_item_find(&undo->roster, ROSTER_INSTITUTION, id);
}


static int
title_check(chunk_t *chunk, uint32_t place, const roster_opened_t *opened)
{
    int              same;
    undo_t          *undo;
    unsigned         v;
    pupil_str_t      id;
    roster_item_t   *item;
    undo_title_t    *title;
    roster_place_t   where = { "run", 0 };
    char             text[PUPIL_UUID_TEXT_LEN + 1];

    undo = chunk->undo;
    title = &undo->titles[place];

    same = record_is(title->record.before, title->kind, ROSTER_TITLES, opened);
    undo->counts[UNDO_TITLES] += !same;

    if (!same && !record_is(title->record.after, title->kind, ROSTER_TITLES,
                            opened))
    {
        title->touched = "its title was changed";
    }

    if (same || title->record.unreadable
        || !json_is_array(title->record.before))
    {
        return 0;
    }

    id = ctl_str(ctl_uuid_text(&title->id, text));
    item = roster_item_add(&undo->roster, title->kind, &where, id);
    item->known = 1;
    item->owner.id = title->id;
    item->owner.version = 1;
    item->owner.state = PUPIL_OWNER_STATE_ACTIVE;

    for (v = 0; v < roster_titles(title->kind); v++) {
        item->values[v] = text_of(title->record.before,
                                  place_of(title->kind, v));
    }

    item->parent = title->kind == ROSTER_CLASS
                   ? school_item(undo, title->record.before) : ROSTER_NONE;
    item->states[ROSTER_TITLES].has_print = 1;  /* of something else */

    return 0;
}


/* Whoever sees what it has, has it on record that it was looked at. */
static int
chunk_record(chunk_t *chunk)
{
    int        rc;
    ctl_buf_t  subjects;

    if (chunk->kind != ROSTER_USER) {
        return 0;
    }

    ctl_buf_init(&subjects);
    ctl_array_uuids(&subjects, chunk->ids, chunk->count);
    rc = ctl_record(chunk->undo->roster.ctl, &read_access[chunk->record],
                    "allowed", subjects.data, chunk->undo->roster.detail);
    ctl_buf_free(&subjects);

    return rc;
}


static int
chunk_check(chunk_t *chunk)
{
    int               rc;
    size_t            i;
    ctl_pool_t        pool;
    ctl_owner_t      *owners;
    roster_opened_t  *opened;

    if (chunk->count == 0) {
        return 0;
    }

    memset(&pool, 0, sizeof(ctl_pool_t));
    opened = ctl_pool_alloc(&pool, chunk->count * sizeof(roster_opened_t));
    owners = roster_values_owners(&chunk->undo->roster, chunk->ids,
                                  chunk->count);

    rc = owners == NULL || chunk_record(chunk) != 0 ? -1
         : roster_values_open(&chunk->undo->roster, &pool, chunk->kind,
                              chunk->record, owners, chunk->count, opened);

    for (i = 0; rc == 0 && i < chunk->count; i++) {
        rc = chunk->kind == ROSTER_USER
             ? user_check(chunk, chunk->places[i], &opened[i])
             : title_check(chunk, chunk->places[i], &opened[i]);
    }

    free(owners);
    ctl_pool_free(&pool);
    chunk->count = 0;

    return rc;
}


static int
chunk_add(chunk_t *chunk, const pupil_uuid_t *id, uint32_t place)
{
    chunk->ids[chunk->count] = *id;
    chunk->places[chunk->count++] = place;

    return chunk->count == CHUNK ? chunk_check(chunk) : 0;
}


static int
people_check(undo_t *undo, chunk_t *chunk)
{
    uint32_t  i;

    chunk->kind = ROSTER_USER;

    for (chunk->record = 0; chunk->record < ROSTER_RECORDS; chunk->record++) {
        for (i = 0; i < undo->people_count; i++) {
            if (undo->people[i].records[chunk->record].before != NULL
                && chunk_add(chunk, &undo->people[i].id, i) != 0)
            {
                return -1;
            }
        }

        if (chunk_check(chunk) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
titles_check(undo_t *undo, chunk_t *chunk)
{
    uint32_t  i;

    chunk->record = ROSTER_TITLES;

    for (chunk->kind = 0; chunk->kind < ROSTER_USER; chunk->kind++) {
        for (i = 0; i < undo->titles_count; i++) {
            if (undo->titles[i].kind == chunk->kind
                && chunk_add(chunk, &undo->titles[i].id, i) != 0)
            {
                return -1;
            }
        }

        if (chunk_check(chunk) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
owner_row(void *ctx, uint32_t index, const PGresult *res, int row)
{
    chunk_t        *chunk = ctx;
    roster_item_t  *item;
    undo_person_t  *person;

    person = &chunk->undo->people[chunk->places[index]];
    item = roster_item(&chunk->undo->roster, ROSTER_USER,
                       chunk->places[index]);

    item->owner.state = pupil_owner_state(ctl_get_str(res, row, 1));
    item->owner.version = (uint32_t) ctl_get_int(res, row, 2, 0);

    if (item->owner.state == PUPIL_OWNER_STATE_RECOVERY) {
        item->returns = person->closed;

    } else if (item->owner.state != PUPIL_OWNER_STATE_ACTIVE
               && person->touched == NULL)
    {
        person->touched = RESTRICTED;
    }

    return 0;
}


/* In which state those are whose items were made last. */
static int
owners_read(chunk_t *chunk)
{
    int          rc;
    size_t       i;
    PGresult    *res;
    ctl_buf_t    ids;
    ctl_join_t   join;
    const char  *params[1];

    memset(&join, 0, sizeof(ctl_join_t));
    join.key_len = PUPIL_UUID_LEN;

    for (i = 0; i < chunk->count; i++) {
        ctl_join_add(&join, chunk->ids[i].b, (uint32_t) i);
    }

    ctl_buf_init(&ids);
    ctl_array_uuids(&ids, chunk->ids, chunk->count);
    params[0] = ids.data;

    res = ctl_query(chunk->undo->roster.ctl->data, "SELECT o.owner, o.state,"
                    " o.key_version FROM pupil.owner AS o WHERE o.owner = ANY"
                    " ($1::uuid[])", 1, params);
    rc = res == NULL ? -1 : ctl_join_rows(&join, res, owner_row, chunk);

    PQclear(res);
    ctl_join_free(&join);
    ctl_buf_free(&ids);
    chunk->count = 0;

    return rc;
}


static int
users_make(undo_t *undo, chunk_t *chunk)
{
    uint32_t         i;
    pupil_str_t      id;
    roster_item_t   *item;
    roster_place_t   place = { "run", 0 };
    char             text[PUPIL_UUID_TEXT_LEN + 1];

    for (i = 0; i < undo->people_count; i++) {
        id = ctl_str(ctl_uuid_text(&undo->people[i].id, text));
        item = roster_item_add(&undo->roster, ROSTER_USER, &place, id);
        if (item == NULL) {
            return ctl_error("an image of this run is of nobody");
        }

        item->known = 1;
        item->parent = ROSTER_NONE;
        item->owner.id = undo->people[i].id;
        item->leaves = undo->people[i].joined || undo->people[i].opened;
        memset(item->keeps, 1, sizeof(item->keeps));

        chunk->ids[chunk->count] = undo->people[i].id;
        chunk->places[chunk->count++] = i;

        if ((chunk->count == CHUNK || i + 1 == undo->people_count)
            && owners_read(chunk) != 0)
        {
            return -1;
        }
    }

    return 0;
}


int
undo_records_check(undo_t *undo)
{
    int       rc;
    chunk_t  *chunk;

    chunk = ctl_pool_alloc(&undo->roster.pool, sizeof(chunk_t));
    memset(chunk, 0, sizeof(chunk_t));
    chunk->undo = undo;

    rc = users_make(undo, chunk);

    if (rc == 0) {
        rc = people_check(undo, chunk);
    }

    return rc == 0 ? titles_check(undo, chunk) : -1;
}


void
undo_records_held(undo_t *undo)
{
    uint32_t         i;
    unsigned         r;
    roster_item_t   *user;
    roster_state_t  *state;

    for (i = 0; i < undo->people_count; i++) {
        user = roster_item(&undo->roster, ROSTER_USER, i);

        for (r = 0; r < ROSTER_RECORDS; r++) {
            state = &user->states[r];

            if (!user->keeps[r] && state->has_term && !state->held) {
                memset(state->print, 0, ROSTER_PRINT_LEN);
            }
        }
    }
}
