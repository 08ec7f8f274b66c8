/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <string.h>

#include "core/login/token.h"
#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/roster/erased.h"
#include "ctl/roster/plan.h"
#include "ctl/store/keys.h"
#include "ctl/store/ledger.h"


typedef crypto_generichash_state  hash_t;


static void
add_text(hash_t *hash, pupil_str_t text)
{
    uint64_t  len;

    len = text.len;
    crypto_generichash_update(hash, (const uint8_t *) &len, sizeof(len));
    crypto_generichash_update(hash, text.data, text.len);
}


static void
add_number(hash_t *hash, int64_t number)
{
    crypto_generichash_update(hash, (const uint8_t *) &number,
                              sizeof(number));
}


static void
add_items(hash_t *hash, const roster_t *roster, roster_kind_t kind)
{
    uint32_t              i;
    unsigned              v;
    const roster_item_t  *item;

    for (i = 0; i < roster->items[kind].count; i++) {
        item = roster_item(roster, kind, i);

        add_text(hash, item->id);
        add_number(hash, item->parent);
        add_number(hash, item->refused);
        add_number(hash, item->erased);

        for (v = 0; v < ROSTER_VALUES; v++) {
            add_text(hash, item->values[v]);
        }
    }
}


static void
add_links(hash_t *hash, const roster_links_t *links)
{
    uint32_t              i;
    const roster_link_t  *link;

    for (i = 0; i < links->count; i++) {
        link = &links->links[i];

        add_number(hash, link->user);
        add_number(hash, link->where);
        add_number(hash, link->role);
        add_number(hash, link->from);
        add_number(hash, link->to);
    }
}


/* What has begun and what is over: a day may change what is written. */
static void
add_day(hash_t *hash, const roster_t *roster, int32_t from, int32_t to)
{
    add_number(hash, from <= roster->today);
    add_number(hash, to < roster->today);
}


static void
add_begun(hash_t *hash, const roster_t *roster, const roster_links_t *links)
{
    uint32_t  i;

    for (i = 0; i < links->count; i++) {
        add_day(hash, roster, links->links[i].from, links->links[i].to);
    }
}


/* A term of a sum over rows, which come in any order. */
static void
term_init(hash_t *hash)
{
    crypto_generichash_init(hash, NULL, 0, crypto_generichash_BYTES_MIN);
}


static uint64_t
term_final(hash_t *hash)
{
    uint8_t   digest[crypto_generichash_BYTES_MIN];
    uint64_t  term;

    crypto_generichash_final(hash, digest, sizeof(digest));
    memcpy(&term, digest, sizeof(term));

    return term;
}


/*
 * What is there already, and would end; as a sum, as the database gives its
 * rows in any order, and in another one once they are vacuumed.
 */
static void
add_rows(hash_t *hash, const roster_t *roster, const roster_table_t *table)
{
    size_t                  i;
    hash_t                  one;
    uint64_t                sum;
    const roster_stored_t  *row;

    sum = 0;

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];

        if (row->ends && roster_stored_live(roster, row)) {
            term_init(&one);
            crypto_generichash_update(&one, row->id.b, PUPIL_UUID_LEN);
            add_number(&one, row->role);
            sum += term_final(&one);
        }
    }

    add_number(hash, (int64_t) sum);
}


uint64_t
roster_plan_row(const roster_t *roster, const roster_stored_t *row)
{
    hash_t  hash;

    term_init(&hash);
    crypto_generichash_update(&hash, row->subject.b, PUPIL_UUID_LEN);
    crypto_generichash_update(&hash, row->where.b, PUPIL_UUID_LEN);
    crypto_generichash_update(&hash, row->institution.b, PUPIL_UUID_LEN);
    add_number(&hash, row->role);
    add_number(&hash, row->from);
    add_number(&hash, row->to);
    add_number(&hash, row->authentic);
    add_number(&hash, row->ends);
    add_day(&hash, roster, row->from, row->to);
    add_text(&hash, ctl_str(row->source));

    return term_final(&hash);
}


/*
 * All that decides what is written, and not only what it takes away; as a sum,
 * as the database gives its rows in any order.
 */
static void
add_stored(hash_t *hash, const roster_t *roster, const roster_table_t *table)
{
    size_t    i;
    uint64_t  sum;

    sum = 0;

    for (i = 0; i < table->count; i++) {
        sum += roster_plan_row(roster, &table->rows[i]);
    }

    add_number(hash, (int64_t) table->count);
    add_number(hash, (int64_t) sum);
}


/* Of a known item: whose it is, and what an import has written of it. */
static void
add_owner(hash_t *hash, roster_kind_t kind, const roster_item_t *item)
{
    unsigned               r;
    const roster_state_t  *state;

    if (item->known) {
        crypto_generichash_update(hash, item->owner.id.b, PUPIL_UUID_LEN);
    }

    for (r = 0; r < roster_record_count(kind); r++) {
        state = &item->states[r];
        add_number(hash, item->keeps[r]);

        if (state->has_print) {
            crypto_generichash_update(hash, state->print, ROSTER_PRINT_LEN);
        }
    }
}


static void
add_known(hash_t *hash, const roster_t *roster, roster_kind_t kind)
{
    uint32_t              i;
    const roster_item_t  *item;

    for (i = 0; i < roster->items[kind].count; i++) {
        item = roster_item(roster, kind, i);

        add_number(hash, item->known);
        add_number(hash, item->leaves);
        add_number(hash, item->returns);
        add_owner(hash, kind, item);
    }
}


/* With who they are now: a plan is good for no other one of the same id. */
static void
add_others(hash_t *hash, const roster_t *roster, const roster_others_t *others)
{
    uint32_t  i;

    for (i = 0; i < others->count; i++) {
        add_number(hash, others->list[i].user);
        add_owner(hash, ROSTER_USER,
                  roster_item(roster, ROSTER_USER, others->list[i].user));
    }
}


/* By the last erasure: a plan of before it says nothing of who was erased. */
static int
add_erased(hash_t *hash, const roster_t *roster)
{
    char  last[CTL_LEDGER_NUMBER_SIZE];

    if (roster_erased_count(roster) == 0) {
        return 0;
    }

    if (ctl_ledger_last(roster->ctl, last) != 0) {
        return -1;
    }

    add_text(hash, ctl_str(last));

    return 0;
}


/* What it is for, and why. */
static void
add_takes(hash_t *hash, const roster_t *roster, const char *takes)
{
    size_t   i;
    json_t  *entry;

    add_text(hash, ctl_str(takes));

    json_array_foreach(roster->held, i, entry) {
        add_text(hash, ctl_str(json_string_value(json_object_get(entry,
                                                                 "reason"))));
    }
}


/* Under a key: a plan is printed, and says nothing of whom it has. */
static void
plan_name(hash_t *hash, const pupil_key_t *key,
    char plan[ROSTER_PLAN_LEN + 1])
{
    uint8_t      digest[PUPIL_HASH_LEN], print[PUPIL_HASH_LEN];
    pupil_str_t  s;

    crypto_generichash_final(hash, digest, sizeof(digest));

    s.data = digest;
    s.len = sizeof(digest);
    pupil_fingerprint_make(key, s, print);

    sodium_bin2hex(plan, ROSTER_PLAN_LEN + 1, print, ROSTER_PLAN_LEN / 2);
}


static int
plan_make(roster_t *roster, const roster_table_t *tables,
    const roster_others_t *others, const char *takes,
    char plan[ROSTER_PLAN_LEN + 1])
{
    hash_t              hash;
    unsigned            kind;
    const pupil_key_t  *key;

    crypto_generichash_init(&hash, NULL, 0, PUPIL_HASH_LEN);

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL || add_erased(&hash, roster) != 0) {
        return -1;
    }

    add_takes(&hash, roster, takes);
    add_others(&hash, roster, others);
    add_text(&hash, ctl_str(roster->source));

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        add_items(&hash, roster, kind);
    }

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        add_links(&hash, &roster->links[kind]);
        add_rows(&hash, roster, &tables[kind]);
    }

    plan_name(&hash, key, plan);

    return 0;
}


int
roster_plan_whole(roster_t *roster, const roster_table_t *tables,
    char plan[ROSTER_PLAN_LEN + 1])
{
    hash_t              hash;
    unsigned            kind;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL) {
        return -1;
    }

    crypto_generichash_init(&hash, NULL, 0, PUPIL_HASH_LEN);

    add_takes(&hash, roster, ROSTER_TAKES_ALL);
    add_text(&hash, ctl_str(roster->source));
    add_number(&hash, roster->leavers.count);

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        add_items(&hash, roster, kind);
        add_known(&hash, roster, kind);
    }

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        add_links(&hash, &roster->links[kind]);
        add_begun(&hash, roster, &roster->links[kind]);
        add_stored(&hash, roster, &tables[kind]);
    }

    plan_name(&hash, key, plan);

    return 0;
}


int
roster_plan_accepted(roster_t *roster, const roster_table_t *tables,
    const roster_others_t *others, const char *takes)
{
    char         plan[ROSTER_PLAN_LEN + 1];
    const char  *accept;

    if (plan_make(roster, tables, others, takes, plan) != 0) {
        return -1;
    }

    accept = roster->ctl->opt.accept;

    if (accept != NULL && strcmp(accept, plan) == 0) {
        return 1;
    }

    json_array_append_new(roster->plans, json_pack("{s:s,s:s}", "takes", takes,
                                                   "plan", plan));

    return 0;
}


const char *
roster_plan_first(const roster_t *roster)
{
    return json_string_value(json_object_get(json_array_get(roster->plans, 0),
                                             "plan"));
}
