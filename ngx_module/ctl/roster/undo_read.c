/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/images.h"
#include "ctl/roster/sealing.h"
#include "ctl/roster/undo.h"


static int
malformed(void)
{
    return ctl_error("an image of this run is not understood: was it written"
                     " by a newer pupilctl?");
}


static undo_person_t *
person_of(undo_t *undo, const pupil_uuid_t *id)
{
    int             fresh;
    ctl_slot_t     *slot;
    pupil_str_t     key;
    undo_person_t  *person;

    key.data = id->b;
    key.len = PUPIL_UUID_LEN;

    slot = ctl_map_get(&undo->ids, key);
    if (slot != NULL) {
        return &undo->people[slot->value];
    }

    key = ctl_pool_str(&undo->roster.pool, id->b, PUPIL_UUID_LEN);
    ctl_map_put(&undo->ids, key, &fresh)->value = undo->people_count;

    undo->people = roster_grow(undo->people, undo->people_count,
                               &undo->people_size, sizeof(undo_person_t));
    person = &undo->people[undo->people_count++];
    memset(person, 0, sizeof(undo_person_t));
    person->id = *id;

    return person;
}


static int
head_take(undo_t *undo, const pupil_uuid_t *owner, json_t *json)
{
    const char     *status;
    undo_person_t  *person;

    person = person_of(undo, owner);
    person->head = 1;
    person->joined = json_is_true(json_object_get(json, "joined"));

    status = json_string_value(json_object_get(json, "status"));
    person->rows = json_incref(json_object_get(json, "rows"));

    if (!person->joined && (status == NULL || person->rows == NULL)) {
        return malformed();
    }

    snprintf(person->status, sizeof(person->status), "%s",
             status != NULL ? status : "");

    return 0;
}


static int
account_take(undo_t *undo, const pupil_uuid_t *owner, json_t *json)
{
    const char     *after;
    undo_person_t  *person;

    after = json_string_value(json_object_get(json, "after"));
    if (after == NULL) {
        return malformed();
    }

    person = person_of(undo, owner);

    if (strcmp(after, "closed") == 0) {
        person->closed = 1;
    } else {
        person->opened = 1;
    }

    return 0;
}


static int
span_read(const json_t *json, undo_span_t *span)
{
    const char  *id;

    memset(span, 0, sizeof(undo_span_t));

    if (!json_is_array(json)) {
        return json_is_null(json) ? 0 : malformed();
    }

    id = json_string_value(json_array_get(json, 2));
    span->there = 1;
    span->from = (int32_t) json_integer_value(json_array_get(json, 0));
    span->to = (int32_t) json_integer_value(json_array_get(json, 1));

    return id != NULL && pupil_uuid_parse((const uint8_t *) id, strlen(id),
                                          &span->institution) == PUPIL_OK
           ? 0 : malformed();
}


static int
link_take(undo_t *undo, const pupil_uuid_t *owner, json_t *json,
    roster_kind_t kind)
{
    const char   *where;
    undo_link_t  *link;

    undo->links = roster_grow(undo->links, undo->links_count,
                              &undo->links_size, sizeof(undo_link_t));
    link = &undo->links[undo->links_count++];
    memset(link, 0, sizeof(undo_link_t));

    link->kind = kind;
    link->person = (uint32_t) (person_of(undo, owner) - undo->people);
    link->role = (roster_role_t)
                 json_integer_value(json_object_get(json, "role"));
    where = json_string_value(json_object_get(json, "where"));

    if (where == NULL
        || pupil_uuid_parse((const uint8_t *) where, strlen(where),
                            &link->where) != PUPIL_OK)
    {
        return malformed();
    }

    return span_read(json_object_get(json, "before"), &link->before) == 0
           ? span_read(json_object_get(json, "after"), &link->after) : -1;
}


/* Before there were lists an image had one link. */
static int
links_take(undo_t *undo, const pupil_uuid_t *owner, json_t *json,
    roster_kind_t kind)
{
    int      rc;
    size_t   i;
    json_t  *list, *link;

    list = json_object_get(json, "links");

    if (list == NULL) {
        return link_take(undo, owner, json, kind);
    }

    rc = json_is_array(list) ? 0 : malformed();

    for (i = 0; rc == 0 && i < json_array_size(list); i++) {
        link = json_array_get(list, i);
        rc = link_take(undo, owner, link, kind);
    }

    return rc;
}


static int
record_take(undo_record_t *record, json_t *json)
{
    record->before = json_incref(json_object_get(json, "before"));
    record->after = json_incref(json_object_get(json, "after"));
    record->unreadable = json_is_true(json_object_get(json, "unreadable"));

    return record->before != NULL && record->after != NULL ? 0 : malformed();
}


static int
title_take(undo_t *undo, const pupil_uuid_t *owner, json_t *json)
{
    undo_title_t  *title;

    undo->titles = roster_grow(undo->titles, undo->titles_count,
                               &undo->titles_size, sizeof(undo_title_t));
    title = &undo->titles[undo->titles_count++];
    memset(title, 0, sizeof(undo_title_t));
    title->id = *owner;

    if (record_take(&title->record, json) != 0) {
        return -1;
    }

    title->kind = json_array_size(title->record.after) > 1
                  ? ROSTER_CLASS : ROSTER_INSTITUTION;

    return 0;
}


static int
image_take(void *ctx, const pupil_uuid_t *owner, json_t *json)
{
    undo_t      *undo = ctx;
    unsigned     i;
    const char  *kind;

    kind = json_string_value(json_object_get(json, "kind"));
    undo->images++;

    if (kind == NULL) {
        return malformed();
    }

    if (strcmp(kind, ROSTER_IMAGE_PERSON) == 0) {
        return head_take(undo, owner, json);
    }

    if (strcmp(kind, ROSTER_IMAGE_ACCOUNT) == 0) {
        return account_take(undo, owner, json);
    }

    if (strcmp(kind, ROSTER_IMAGE_TITLE) == 0) {
        return title_take(undo, owner, json);
    }

    for (i = ROSTER_ITEM_KINDS; i < ROSTER_KINDS; i++) {
        if (strcmp(kind, roster_kinds[i].name) == 0) {
            return links_take(undo, owner, json, i);
        }
    }

    for (i = 0; i < ROSTER_RECORDS; i++) {
        if (strcmp(kind, roster_records[i].category) == 0) {
            return record_take(&person_of(undo, owner)->records[i], json);
        }
    }

    return malformed();
}


static int
links_compare(const void *a, const void *b)
{
    const undo_link_t  *one = a, *other = b;

    return one->person < other->person ? -1 : one->person > other->person;
}


static void
links_sort(undo_t *undo)
{
    uint32_t        i;
    undo_person_t  *person;

    if (undo->links_count != 0) {
        qsort(undo->links, undo->links_count, sizeof(undo_link_t),
              links_compare);
    }

    for (i = 0; i < undo->links_count; i++) {
        person = &undo->people[undo->links[i].person];

        if (person->links_count++ == 0) {
            person->links = i;
        }
    }
}


/* How many were erased since the run began. */
static int
erasures_count(undo_t *undo, size_t *count)
{
    PGresult    *res;
    const char  *params[2];

    params[0] = undo->roster.ctl->tenant_text;
    params[1] = undo->run.at;

    res = ctl_ask_one(undo->roster.ctl, undo->roster.ctl->keys, "SELECT"
                      " count(*) FROM keystore.ledger AS l WHERE l.tenant ="
                      " $1::uuid AND l.kind = 'erasure' AND l.at >="
                      " $2::timestamptz", 2, params);
    if (res == NULL) {
        return -1;
    }

    *count = (size_t) ctl_get_int(res, 0, 0, 0);
    PQclear(res);

    return 0;
}


/* Whose images are not there was erased, or a database lacks them. */
static int
images_whole(undo_t *undo)
{
    size_t    erasures;
    uint32_t  i, heads;

    for (i = 0, heads = 0; i < undo->people_count; i++) {
        heads += undo->people[i].head;
    }

    if (heads != undo->people_count) {
        return ctl_error("images of this run are missing: nothing was"
                         " changed");
    }

    if (undo->run.people < 0) {
        return 0;
    }

    if (erasures_count(undo, &erasures) != 0) {
        return -1;
    }

    undo->erased = (uint32_t) undo->run.people - heads;

    return (uint32_t) undo->run.people >= heads && undo->erased <= erasures
           && (undo->erased != 0
               || undo->images == (uint32_t) undo->run.images)
           ? 0 : ctl_error("images of this run are missing: nothing was"
                           " changed; was the data database restored?");
}


int
undo_read(undo_t *undo)
{
    if (roster_sealing_read(&undo->roster, &undo->run.id, image_take, undo)
        != 0)
    {
        return -1;
    }

    links_sort(undo);

    return images_whole(undo);
}
