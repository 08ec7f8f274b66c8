/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/images.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/planned_note.h"
#include "ctl/roster/runs.h"
#include "ctl/roster/sealing.h"
#include "ctl/roster/sorted.h"
#include "ctl/roster/values.h"


/* What is known of somebody, in the map. */
#define SEEN         1
#define SEEN_JOINED  2          /* the run brought them */
#define SEEN_RECORD  4          /* and the next ones: a record has its image */

/* A record that is to have an image. */
typedef struct {
    pupil_uuid_t          owner;
    roster_kind_t         kind;
    roster_record_t       record;
    const roster_item_t  *item;         /* as it will be; NULL: as it is */
} change_t;

struct roster_images_s {
    roster_run_t           run;         /* begun, once it has a text */
    const roster_table_t  *tables;
    roster_sorted_t        sorted;
    ctl_map_t              seen;
    change_t              *changes;
    uint32_t               changes_count, changes_size;
    roster_sealing_t       sealing;
    uint32_t               people, images;
};


static const ctl_access_t  run_access = {
    .category = "enrolment",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};


void
roster_images_keep(roster_t *roster, const roster_table_t *tables)
{
    roster_images_t  *images;

    images = ctl_pool_alloc(&roster->pool, sizeof(roster_images_t));
    memset(images, 0, sizeof(roster_images_t));

    images->tables = tables;
    roster_sorted_make(roster, tables, &images->sorted);

    roster->images = images;
}


/* What a person has today, so that what a hand changes is told later. */
static json_t *
rows_json(const roster_t *roster, const pupil_uuid_t *owner)
{
    size_t             i, count;
    json_t            *list;
    roster_stored_t  **rows;

    list = json_array();
    rows = roster_sorted_find(&roster->images->sorted, owner, &count);

    for (i = 0; i < count; i++) {
        if (roster_sorted_live(roster, rows[i])) {
            json_array_append_new(list,
                json_integer(roster_sorted_number(rows[i])));
        }
    }

    return list;
}


/* Once of each person; what is known of them. */
static ctl_slot_t *
person_see(roster_t *roster, const pupil_uuid_t *owner, int joined)
{
    int               fresh;
    ctl_slot_t       *slot;
    pupil_str_t       key;
    roster_images_t  *images;

    images = roster->images;
    key.data = owner->b;
    key.len = PUPIL_UUID_LEN;

    slot = ctl_map_get(&images->seen, key);
    if (slot != NULL) {
        return slot;
    }

    key = ctl_pool_str(&roster->pool, owner->b, PUPIL_UUID_LEN);
    slot = ctl_map_put(&images->seen, key, &fresh);
    slot->value = SEEN | (joined ? SEEN_JOINED : 0);
    images->people++;

    roster_sealing_add(&images->sealing, owner,
        joined ? json_pack("{s:s,s:b}", "kind", ROSTER_IMAGE_PERSON,
                           "joined", 1)
               : json_pack("{s:s,s:o}", "kind", ROSTER_IMAGE_PERSON, "rows",
                           rows_json(roster, owner)));

    return slot;
}


static void
change_add(roster_images_t *images, const pupil_uuid_t *owner,
    roster_kind_t kind, roster_record_t record, const roster_item_t *item)
{
    change_t  *change;

    images->changes = roster_grow(images->changes, images->changes_count,
                                  &images->changes_size, sizeof(change_t));
    change = &images->changes[images->changes_count++];

    change->owner = *owner;
    change->kind = kind;
    change->record = record;
    change->item = item;
}


/* NULL: a value that is no text, which no roster has brought. */
static json_t *
value_json(pupil_str_t value)
{
    return json_stringn(value.len != 0 ? (const char *) value.data : "",
                        value.len);
}


static json_t *
opened_json(const change_t *change, const roster_opened_t *opened)
{
    char      text[PUPIL_UUID_TEXT_LEN + 1];
    json_t   *list;
    unsigned  i, count;

    if (opened->is != ROSTER_VALUES_THERE) {
        return json_null();
    }

    list = json_array();
    count = change->kind == ROSTER_USER
            ? roster_records[change->record].count : 1;

    for (i = 0; i < count; i++) {
        json_array_append_new(list, value_json(opened->values[i]));
    }

    /* of a class its school comes second, as images had it before others */
    if (change->kind == ROSTER_CLASS) {
        json_array_append_new(list, json_string(ctl_uuid_text(&opened->parent,
                                                              text)));

        for (i = ROSTER_GROUP_TYPE; i < ROSTER_TITLED; i++) {
            json_array_append_new(list, value_json(opened->values[i]));
        }
    }

    return list;
}


/* As the run will leave it. */
static json_t *
after_json(const roster_t *roster, const change_t *change,
    const roster_opened_t *before)
{
    unsigned                    i;
    roster_opened_t             after;
    const roster_item_t        *item, *parent;
    const roster_record_def_t  *def;

    item = change->item;
    if (item == NULL) {
        return opened_json(change, before);
    }

    memset(&after, 0, sizeof(roster_opened_t));
    after.is = ROSTER_VALUES_THERE;

    if (change->kind == ROSTER_USER) {
        def = &roster_records[change->record];

        for (i = 0; i < def->count; i++) {
            after.values[i] = item->values[def->values[i]];
        }

    } else {
        memcpy(after.values, item->values,
               roster_titles(change->kind) * sizeof(pupil_str_t));
        parent = roster_parent(roster, item);
        after.parent = parent != NULL ? parent->owner.id : item->owner.id;
    }

    return opened_json(change, &after);
}


/* Of one kind of record: what is stored of those who are to have an image. */
static int
changes_read(roster_t *roster, roster_kind_t kind, roster_record_t record)
{
    int               rc;
    size_t            i, n;
    ctl_pool_t        pool;
    ctl_owner_t      *owners;
    pupil_uuid_t     *ids;
    roster_images_t  *images;
    const change_t  **list;
    roster_opened_t  *opened;

    images = roster->images;
    memset(&pool, 0, sizeof(ctl_pool_t));

    n = images->changes_count;
    ids = ctl_pool_alloc(&pool, n * sizeof(pupil_uuid_t));
    list = ctl_pool_alloc(&pool, n * sizeof(change_t *));
    opened = ctl_pool_alloc(&pool, n * sizeof(roster_opened_t));

    for (i = 0, n = 0; i < images->changes_count; i++) {
        if (images->changes[i].kind == kind
            && images->changes[i].record == record)
        {
            list[n] = &images->changes[i];
            ids[n++] = images->changes[i].owner;
        }
    }

    owners = n == 0 ? NULL : roster_values_owners(roster, ids, n);
    rc = n == 0 ? 0 : owners == NULL ? -1
         : roster_values_open(roster, &pool, kind, record, owners, n, opened);

    for (i = 0; rc == 0 && i < n; i++) {
        roster_sealing_add(&images->sealing, &list[i]->owner,
            json_pack("{s:s,s:b,s:o,s:o}", "kind",
                      kind == ROSTER_USER ? roster_records[record].category
                                          : ROSTER_IMAGE_TITLE,
                      "unreadable",
                      opened[i].is == ROSTER_VALUES_UNREADABLE,
                      "before", opened_json(list[i], &opened[i]),
                      "after", after_json(roster, list[i], &opened[i])));
    }

    free(owners);
    ctl_pool_free(&pool);

    return rc;
}


/* The run begins with the first of what it writes. */
static int
run_begin(roster_t *roster)
{
    int               rc;
    ctl_buf_t         detail;
    roster_images_t  *images;

    images = roster->images;

    if (images->run.text[0] != '\0') {
        return 0;
    }

    if (roster_run_begin(roster->ctl, roster->source,
                         roster->planned != NULL ? roster->planned->plan
                                                 : NULL, &images->run) != 0) {
        return -1;
    }

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "%s import=%s", roster->source,
                   images->run.text);
    rc = ctl_record(roster->ctl, &run_access, "allowed", "{}", detail.data);
    ctl_buf_free(&detail);

    return rc;
}


static int
images_write(roster_t *roster)
{
    int               rc;
    unsigned          kind, record;
    roster_images_t  *images;

    images = roster->images;

    if (images->changes_count + images->sealing.count == 0) {
        return 0;
    }

    rc = run_begin(roster);

    for (kind = 0; rc == 0 && images->changes_count != 0
         && kind < ROSTER_ITEM_KINDS; kind++)
    {
        for (record = 0; rc == 0 && record < roster_record_count(kind);
             record++)
        {
            rc = changes_read(roster, kind, record);
        }
    }

    images->changes_count = 0;
    images->images += images->sealing.count;

    return rc == 0 ? roster_sealing_write(roster, &images->sealing,
                                          &images->run.id) : -1;
}


static void
user_add(roster_t *roster, const roster_change_t *change)
{
    unsigned             r;
    ctl_slot_t          *seen;
    const pupil_uuid_t  *owner;

    owner = &change->item->owner.id;
    seen = person_see(roster, owner, !change->item->known);

    for (r = 0; r < ROSTER_RECORDS; r++) {
        if (change->write[r]
            && !(seen->value & (SEEN_JOINED | SEEN_RECORD << r)))
        {
            seen->value |= SEEN_RECORD << r;
            change_add(roster->images, owner, ROSTER_USER, r, change->item);
        }
    }
}


int
roster_images_batch(roster_t *roster, const roster_batch_t *batch)
{
    unsigned                i;
    const roster_change_t  *change;

    if (roster->images == NULL) {
        return 0;
    }

    for (i = 0; i < batch->count; i++) {
        change = &batch->changes[i];

        if (batch->kind == ROSTER_USER) {
            user_add(roster, change);

        } else if (change->item->known && change->write[ROSTER_TITLES]) {
            change_add(roster->images, &change->item->owner.id, batch->kind,
                       ROSTER_TITLES, change->item);
        }
    }

    return images_write(roster);
}


static json_t *
row_json(const roster_stored_t *row)
{
    char  text[PUPIL_UUID_TEXT_LEN + 1];

    return row == NULL || !row->authentic ? json_null()
           : json_pack("[i,i,s]", row->from, row->to,
                       ctl_uuid_text(&row->institution, text));
}


static json_t *
link_json(const roster_t *roster, roster_kind_t kind,
    const roster_stored_t *want)
{
    char                    where[PUPIL_UUID_TEXT_LEN + 1];
    roster_stored_t         after;
    const roster_stored_t  *row;

    row = roster_stored_at(&roster->images->tables[kind], &want->subject,
                           &want->where, want->role);
    after = *want;
    after.authentic = 1;

    return json_pack("{s:s,s:i,s:o,s:o}", "where",
                     ctl_uuid_text(&want->where, where), "role",
                     (int) want->role, "before", row_json(row), "after",
                     row_json(&after));
}


/* The list of an image; NULL: who came with the run has none. */
static json_t *
links_begin(roster_t *roster, roster_kind_t kind, const pupil_uuid_t *subject)
{
    json_t  *list;

    if (person_see(roster, subject, 0)->value & SEEN_JOINED) {
        return NULL;
    }

    list = json_array();
    roster_sealing_add(&roster->images->sealing, subject,
        json_pack("{s:s,s:o}", "kind", roster_kinds[kind].name, "links",
                  list));

    return list;
}


int
roster_images_put(roster_t *roster, const roster_put_t *put)
{
    json_t                 *list;
    unsigned                i;
    const pupil_uuid_t     *last;
    const roster_stored_t  *row;

    if (roster->images == NULL) {
        return 0;
    }

    list = NULL;
    last = NULL;

    /* one of a person's rows that lie beside each other: there are millions */
    for (i = 0; i < put->count; i++) {
        row = &put->rows[i];

        if (last == NULL || pupil_uuid_compare(last, &row->subject) != 0) {
            last = &row->subject;
            list = links_begin(roster, put->kind, last);
        }

        if (list != NULL) {
            json_array_append_new(list, link_json(roster, put->kind, row));
        }
    }

    return images_write(roster);
}


int
roster_images_account(roster_t *roster, const pupil_uuid_t *subjects,
    size_t count, const char *before, const char *after)
{
    size_t  i;

    if (roster->images == NULL) {
        return 0;
    }

    for (i = 0; i < count; i++) {
        (void) person_see(roster, &subjects[i], 0);

        roster_sealing_add(&roster->images->sealing, &subjects[i],
            json_pack("{s:s,s:s,s:s}", "kind", ROSTER_IMAGE_ACCOUNT,
                      "before", before, "after", after));
    }

    return images_write(roster);
}


void
roster_images_release_add(roster_t *roster, roster_record_t record,
    const pupil_uuid_t *owner, const roster_item_t *user)
{
    ctl_slot_t  *seen;

    if (roster->images == NULL) {
        return;
    }

    seen = person_see(roster, owner, 0);

    if (!(seen->value & SEEN_RECORD << record)) {
        seen->value |= SEEN_RECORD << record;
        change_add(roster->images, owner, ROSTER_USER, record, user);
    }
}


int
roster_images_release(roster_t *roster)
{
    return roster->images == NULL ? 0 : images_write(roster);
}


int
roster_images_end(roster_t *roster, const char **run)
{
    roster_images_t  *images;

    images = roster->images;
    *run = NULL;

    if (images == NULL || images->run.text[0] == '\0') {
        return 0;
    }

    *run = images->run.text;
    images->run.people = (int32_t) images->people;
    images->run.images = (int32_t) images->images;

    return roster_run_note(roster, &images->run) == 0
           ? roster_run_ended(roster->ctl, &images->run) : -1;
}


void
roster_images_free(roster_t *roster)
{
    if (roster->images != NULL) {
        ctl_map_free(&roster->images->seen);
        free(roster->images->changes);
        roster_sealing_free(&roster->images->sealing);
    }
}
