/*
 * Copyright (C) the Pupil authors
 *
 * How each item of a roster is stored, and whoever has rows and is in none: all
 * that decides what is written of them.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/plan.h"
#include "ctl/roster/planned.h"


#define CHANGED_KEPT  1000


typedef struct {
    uint64_t   *rows;           /* sums, by user */
    ctl_map_t   users;          /* by their owners */
    ctl_map_t   absent;
} sums_t;


static pupil_str_t
key_of(const pupil_uuid_t *id)
{
    pupil_str_t  key;

    key.data = id->b;
    key.len = PUPIL_UUID_LEN;

    return key;
}


/* What has begun and what is over is of the day (see plan.c). */
static uint64_t
link_number(const roster_t *roster, const roster_link_t *link)
{
    return (uint64_t) (link->from <= roster->today)
           + 2 * (uint64_t) (link->to < roster->today)
           + ((uint64_t) link->where << 8) + ((uint64_t) link->role << 40);
}


static void
absent_add(roster_states_t *states, sums_t *sums, const roster_stored_t *row,
    uint64_t number)
{
    int          fresh;
    ctl_slot_t  *slot;

    slot = ctl_map_put(&sums->absent, key_of(&row->subject), &fresh);

    if (fresh) {
        states->absent = roster_grow(states->absent, states->absent_count,
                                     &states->absent_size,
                                     sizeof(roster_state_rows_t));
        slot->value = states->absent_count++;
        states->absent[slot->value].subject = row->subject;
        states->absent[slot->value].rows = 0;
    }

    states->absent[slot->value].rows += number;
}


static void
sums_make(const roster_t *roster, const roster_table_t *tables,
    roster_states_t *states, sums_t *sums)
{
    int                     fresh;
    size_t                  k;
    uint32_t                i, count;
    unsigned                kind;
    uint64_t                number;
    ctl_slot_t             *slot;
    const roster_item_t    *user;
    const roster_stored_t  *row;

    memset(sums, 0, sizeof(sums_t));
    count = roster->items[ROSTER_USER].count;
    sums->rows = ctl_memory((count + 1) * sizeof(uint64_t));
    memset(sums->rows, 0, (count + 1) * sizeof(uint64_t));

    for (i = 0; i < count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->known) {
            ctl_map_put(&sums->users, key_of(&user->owner.id), &fresh)->value
                = i;
        }
    }

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        for (i = 0; i < roster->links[kind].count; i++) {
            sums->rows[roster->links[kind].links[i].user] +=
                link_number(roster, &roster->links[kind].links[i]);
        }

        for (k = 0; k < tables[kind].count; k++) {
            row = &tables[kind].rows[k];
            number = roster_plan_row(roster, row);
            slot = ctl_map_get(&sums->users, key_of(&row->subject));

            if (slot != NULL) {
                sums->rows[slot->value] += number;
            } else {
                absent_add(states, sums, row, number);
            }
        }
    }
}


static void
item_print(roster_kind_t kind, const roster_item_t *item, uint64_t rows,
    roster_state_print_t *print)
{
    uint8_t                    said[4];
    unsigned                   r;
    const roster_state_t      *state;
    crypto_generichash_state   hash;

    said[0] = item->known;
    said[1] = item->refused;
    said[2] = item->leaves;
    said[3] = item->returns;

    crypto_generichash_init(&hash, NULL, 0, ROSTER_STATE_LEN);
    crypto_generichash_update(&hash, said, sizeof(said));
    crypto_generichash_update(&hash, (const uint8_t *) &rows, sizeof(rows));

    if (item->known) {
        crypto_generichash_update(&hash, item->owner.id.b, PUPIL_UUID_LEN);
    }

    for (r = 0; r < roster_record_count(kind); r++) {
        state = &item->states[r];
        said[0] = item->keeps[r];
        said[1] = state->has_print;
        crypto_generichash_update(&hash, said, 2);

        if (state->has_print) {
            crypto_generichash_update(&hash, state->print, ROSTER_PRINT_LEN);
        }
    }

    crypto_generichash_final(&hash, print->b, ROSTER_STATE_LEN);
}


void
roster_states_make(roster_t *roster, const roster_table_t *tables,
    roster_states_t *states)
{
    sums_t    sums;
    uint32_t  i, count;
    unsigned  kind;

    memset(states, 0, sizeof(roster_states_t));
    sums_make(roster, tables, states, &sums);

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        count = roster->items[kind].count;
        states->counts[kind] = count;
        states->items[kind] = ctl_memory((size_t) count * ROSTER_STATE_LEN + 1);

        for (i = 0; i < count; i++) {
            item_print(kind, roster_item(roster, kind, i),
                       kind == ROSTER_USER ? sums.rows[i] : 0,
                       &states->items[kind][i]);
        }
    }

    ctl_map_free(&sums.users);
    ctl_map_free(&sums.absent);
    free(sums.rows);
}


void
roster_states_free(roster_states_t *states)
{
    unsigned  kind;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        free(states->items[kind]);
    }

    free(states->absent);
    memset(states, 0, sizeof(roster_states_t));
}


/* By pseudonym, or by the line of who has none. */
static void
changed_add(roster_t *roster, const char *what, const pupil_uuid_t *id,
    const roster_item_t *item)
{
    char  text[PUPIL_UUID_TEXT_LEN + 1];

    roster->changed_count++;

    if (json_array_size(roster->changed) >= CHANGED_KEPT) {
        return;
    }

    json_array_append_new(roster->changed, id != NULL
        ? json_pack("{s:s,s:s}", "what", what, "id", ctl_uuid_text(id, text))
        : json_pack("{s:s,s:s,s:I}", "what", what, "file", item->place.file,
                    "line", (json_int_t) item->place.line));
}


static void
items_compare(roster_t *roster, roster_kind_t kind,
    const roster_states_t *were, const roster_states_t *are,
    const ctl_map_t *touched)
{
    uint32_t              i;
    const roster_item_t  *item;

    for (i = 0; i < are->counts[kind]; i++) {
        item = roster_item(roster, kind, i);

        if (memcmp(&were->items[kind][i], &are->items[kind][i],
                   ROSTER_STATE_LEN) != 0
            && ctl_map_get(touched, key_of(&item->owner.id)) == NULL)
        {
            changed_add(roster, roster_kinds[kind].name,
                        item->known ? &item->owner.id : NULL, item);
        }
    }
}


/* Of each in one, who is otherwise in the other; all: or is not there. */
static void
absent_compare(roster_t *roster, const roster_states_t *one,
    const roster_states_t *other, int all, const ctl_map_t *touched)
{
    int                         fresh;
    uint32_t                    i;
    ctl_map_t                   map;
    ctl_slot_t                 *slot;
    const roster_state_rows_t  *who;

    memset(&map, 0, sizeof(ctl_map_t));

    for (i = 0; i < other->absent_count; i++) {
        ctl_map_put(&map, key_of(&other->absent[i].subject), &fresh)->value
            = i;
    }

    for (i = 0; i < one->absent_count; i++) {
        who = &one->absent[i];
        slot = ctl_map_get(&map, key_of(&who->subject));

        if ((slot == NULL || (all && other->absent[slot->value].rows
                                     != who->rows))
            && ctl_map_get(touched, key_of(&who->subject)) == NULL)
        {
            changed_add(roster, roster_kinds[ROSTER_USER].name, &who->subject,
                        NULL);
        }
    }

    ctl_map_free(&map);
}


void
roster_states_compare(roster_t *roster, const roster_states_t *were,
    const roster_states_t *are, const ctl_map_t *touched)
{
    unsigned  kind;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        items_compare(roster, kind, were, are, touched);
    }

    absent_compare(roster, are, were, 1, touched);
    absent_compare(roster, were, are, 0, touched);
}
