/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/plugin/value.h"
#include "ctl/base/db.h"
#include "ctl/base/join.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/claims.h"
#include "ctl/roster/crossed.h"
#include "ctl/roster/index.h"
#include "ctl/roster/moves.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"


#define CHUNK  5000             /* terms a query */

/* Values of one record that nobody has yet, as terms of another field. */
typedef struct {
    roster_t          *roster;
    roster_record_t    record;
    const char        *category, *field;
    unsigned           linked:1;    /* which no roster writes */
    ctl_join_t         join;        /* to users */
    uint8_t          **terms;       /* the roster's memory */
    uint32_t           count;
} crossed_t;


/* The field that a record is looked up by. */
static const char *
field_of(roster_record_t record)
{
    return roster_values[roster_records[record].values[0]].field;
}


static void
crossed_refuse(crossed_t *crossed, uint32_t i)
{
    roster_item_t  *user;

    user = roster_item(crossed->roster, ROSTER_USER, i);

    if (crossed->linked) {
        roster_item_refuse(crossed->roster, ROSTER_USER, user, "its log-in"
                           " name is linked to another account");

    } else if (crossed->record == ROSTER_CREDENTIAL) {
        roster_item_refuse(crossed->roster, ROSTER_USER, user, "its log-in"
                           " name is the e-mail of another account");

    } else if (user->states[ROSTER_CONTACT].has_term) {
        roster_claims_leave(crossed->roster, user, "its e-mail is the log-in"
                            " name of another account and was left out");
    }
}


/* NULL where the value can be none of the other record's. */
static uint8_t *
term_make(const crossed_t *crossed, const pupil_category_t *plugin,
    uint32_t field, const pupil_key_t *key, pupil_str_t value)
{
    uint8_t        *out;
    ctl_pool_t      pool;
    pupil_str_t     clear, term;
    pupil_fault_t   fault;
    pupil_alloc_t   alloc;

    memset(&pool, 0, sizeof(ctl_pool_t));
    alloc.alloc = ctl_pool_alloc;
    alloc.ctx = &pool;

    out = NULL;

    if (pupil_value_accept_text(plugin, field, value, &alloc, &clear, &fault)
        == PUPIL_OK
        && pupil_value_term(plugin, field, clear, &alloc, &term) == PUPIL_OK)
    {
        out = ctl_pool_alloc(&crossed->roster->pool, PUPIL_TERM_LEN);
        pupil_blind_term(key, term, out);
    }

    ctl_pool_free(&pool);

    return out;
}


static int
terms_make(crossed_t *crossed)
{
    int32_t               field;
    uint8_t              *term;
    uint32_t              i;
    roster_value_t        value;
    pupil_category_t     *plugin;
    const pupil_key_t    *key;
    const roster_item_t  *user;

    value = roster_records[crossed->record].values[0];

    if (crossed->linked) {
        plugin = ctl_plugin_find(crossed->roster->ctl, crossed->category);
        field = plugin == NULL ? -1
                : pupil_category_field(plugin, ctl_str(crossed->field));
    } else {
        field = roster_granted(crossed->roster, crossed->category,
                               crossed->field, &plugin);
    }

    if (field < 0) {
        return 0;
    }

    key = ctl_key_index(crossed->roster->ctl, crossed->category,
                        crossed->field);
    if (key == NULL) {
        return -1;
    }

    for (i = 0; i < crossed->roster->items[ROSTER_USER].count; i++) {
        user = roster_item(crossed->roster, ROSTER_USER, i);

        if (user->refused || !user->states[crossed->record].has_term
            || user->states[crossed->record].held)
        {
            continue;
        }

        term = term_make(crossed, plugin, (uint32_t) field, key,
                         user->values[value]);
        if (term != NULL) {
            crossed->terms[crossed->count++] = term;
            ctl_join_add(&crossed->join, term, i);
        }
    }

    return 0;
}


/* What is looked for is another's. */
static int
stored_row(void *ctx, uint32_t i, const PGresult *res, int n)
{
    crossed_t            *crossed = ctx;
    roster_index_row_t    row;
    const roster_item_t  *user;

    if (roster_index_row(crossed->roster, res, n, crossed->category,
                         crossed->field, &row) != 0)
    {
        return -1;
    }

    user = roster_item(crossed->roster, ROSTER_USER, i);

    if (pupil_uuid_compare(&row.owner, &user->owner.id) != 0) {
        crossed_refuse(crossed, i);
    }

    return 0;
}


static int
stored_chunk(crossed_t *crossed, uint32_t from, uint32_t to)
{
    int          rc;
    uint32_t     i;
    PGresult    *res;
    ctl_buf_t    terms;
    const char  *params[3];

    ctl_buf_init(&terms);
    ctl_array_begin(&terms);
    for (i = from; i < to; i++) {
        ctl_array_bytes(&terms, crossed->terms[i], PUPIL_TERM_LEN);
    }
    ctl_array_end(&terms);

    params[0] = crossed->category;
    params[1] = crossed->field;
    params[2] = terms.data;

    res = ctl_query(crossed->roster->ctl->data, "SELECT b.term, b.owner,"
                    " b.record, b.mac FROM pupil.blind_index b WHERE"
                    " b.category = $1 AND b.field = $2 AND b.term = ANY"
                    " ($3::bytea[])", 3, params);
    rc = res == NULL ? -1 : ctl_join_rows(&crossed->join, res, stored_row,
                                          crossed);

    PQclear(res);
    ctl_buf_free(&terms);

    return rc;
}


/* Of two who are new: the address is in the roster as well. */
static void
new_refuse(crossed_t *crossed, roster_record_t as)
{
    uint32_t              i;
    ctl_slot_t           *slot;
    pupil_str_t           key;
    const roster_item_t  *user;

    key.len = PUPIL_TERM_LEN;

    for (i = 0; i < crossed->roster->items[ROSTER_USER].count; i++) {
        user = roster_item(crossed->roster, ROSTER_USER, i);

        if (user->refused || !user->states[as].has_term) {
            continue;
        }

        key.data = user->states[as].term;
        slot = ctl_map_get(&crossed->join.map, key);

        if (slot != NULL && slot->value != i) {
            crossed_refuse(crossed, slot->value);
        }
    }
}


static int
crossed_resolve(crossed_t *crossed, roster_record_t as)
{
    int       rc;
    uint32_t  i, to, users;

    users = crossed->roster->items[ROSTER_USER].count;
    crossed->join.key_len = PUPIL_TERM_LEN;
    crossed->terms = ctl_memory((users + 1) * sizeof(uint8_t *));

    rc = terms_make(crossed);

    for (i = 0; rc == 0 && i < crossed->count; i = to) {
        to = crossed->count - i < CHUNK ? crossed->count : i + CHUNK;
        rc = stored_chunk(crossed, i, to);
    }

    if (rc == 0 && !crossed->linked && crossed->record == ROSTER_CREDENTIAL
        && crossed->count != 0)
    {
        new_refuse(crossed, as);
    }

    free(crossed->terms);
    ctl_join_free(&crossed->join);

    return rc;
}


static int
record_resolve(roster_t *roster, roster_record_t record, roster_record_t as)
{
    crossed_t  crossed;

    memset(&crossed, 0, sizeof(crossed_t));
    crossed.roster = roster;
    crossed.record = record;
    crossed.category = roster_records[as].category;
    crossed.field = field_of(as);

    return crossed_resolve(&crossed, as);
}


/* Or a provider's word would be of two people. */
static int
linked_resolve(roster_t *roster)
{
    crossed_t  crossed;

    memset(&crossed, 0, sizeof(crossed_t));
    crossed.roster = roster;
    crossed.record = ROSTER_CREDENTIAL;
    crossed.category = "credential";
    crossed.field = "external_id";
    crossed.linked = 1;

    return crossed_resolve(&crossed, ROSTER_CREDENTIAL);
}


int
roster_crossed_resolve(roster_t *roster)
{
    if (record_resolve(roster, ROSTER_CONTACT, ROSTER_CREDENTIAL) != 0
        || record_resolve(roster, ROSTER_CREDENTIAL, ROSTER_CONTACT) != 0
        || linked_resolve(roster) != 0)
    {
        return -1;
    }

    roster_moves_settle(roster);

    return 0;
}
