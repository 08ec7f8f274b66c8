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
#include "ctl/roster/claims.h"
#include "ctl/roster/index.h"
#include "ctl/roster/moves.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"


#define CHUNK  5000             /* terms a query */

/* Users who are asked for by a value that is indexed. */
typedef struct {
    roster_t         *roster;
    roster_record_t   record;
    ctl_join_t        join;         /* by their terms, to the first of them */
    uint32_t         *next;         /* by user: who claims the same */
    uint8_t          *settled;      /* by the first: who has it is known */
    ctl_map_t         owners;       /* users who are known; made when asked */
} claims_t;


/* The field that a record is looked up by. */
static const char *
value_field(roster_record_t record)
{
    return roster_values[roster_records[record].values[0]].field;
}


void
roster_claims_refuse(roster_t *roster, roster_item_t *user,
    roster_record_t record, const char *source)
{
    char  text[160];

    if (record == ROSTER_CREDENTIAL && source != NULL
        && strcmp(source, roster->source) != 0)
    {
        roster->foreign++;
        snprintf(roster->foreign_source, sizeof(roster->foreign_source), "%s",
                 source);
        snprintf(text, sizeof(text), "its log-in name belongs to an account of"
                 " source \"%s\"", roster->foreign_source);
        roster_item_refuse(roster, ROSTER_USER, user, text);
        return;
    }

    if (record == ROSTER_CREDENTIAL) {
        roster_item_refuse(roster, ROSTER_USER, user,
                           "its log-in name belongs to another account");
        return;
    }

    roster_claims_leave(roster, user, "its e-mail belongs to another account"
                        " and was left out");
}


void
roster_claims_leave(roster_t *roster, roster_item_t *user, const char *reason)
{
    user->values[ROSTER_EMAIL].len = 0;
    user->states[ROSTER_CONTACT].has_term = 0;
    user->keeps[ROSTER_CONTACT] = 1;

    roster_remark(roster, &user->place, reason);
}


static int
value_term(roster_item_t *user, roster_record_t record,
    pupil_category_t *plugin, uint32_t field, const pupil_key_t *key)
{
    int                         rc;
    ctl_pool_t                  pool;
    pupil_str_t                 value, term;
    pupil_alloc_t               alloc;
    const roster_record_def_t  *def;

    def = &roster_records[record];
    value = user->values[def->values[0]];

    memset(&pool, 0, sizeof(ctl_pool_t));
    alloc.alloc = ctl_pool_alloc;
    alloc.ctx = &pool;

    rc = pupil_value_term(plugin, field, value, &alloc, &term) == PUPIL_OK
         ? 0 : ctl_error("%s.%s has no index term", def->category,
                         roster_values[def->values[0]].field);

    if (rc == 0) {
        pupil_blind_term(key, term, user->states[record].term);
        user->states[record].has_term = 1;
    }

    ctl_pool_free(&pool);

    return rc;
}


/* Those who claim a term are a chain behind the first of them. */
static void
claim_add(claims_t *claims, uint32_t i)
{
    int             fresh;
    ctl_slot_t     *slot;
    pupil_str_t     key;
    roster_item_t  *user;

    user = roster_item(claims->roster, ROSTER_USER, i);
    key.data = user->states[claims->record].term;
    key.len = PUPIL_TERM_LEN;
    claims->next[i] = ROSTER_NONE;

    slot = ctl_map_put(&claims->join.map, key, &fresh);

    if (fresh) {
        slot->value = i;
        return;
    }

    claims->next[i] = claims->next[slot->value];
    claims->next[slot->value] = i;
}


static int
claims_read(claims_t *claims)
{
    int32_t                     field;
    uint32_t                    i;
    roster_t                   *roster;
    const char                 *name;
    roster_item_t              *user;
    pupil_category_t           *plugin;
    const pupil_key_t          *index;
    const roster_record_def_t  *def;

    roster = claims->roster;
    def = &roster_records[claims->record];
    name = value_field(claims->record);

    field = roster_granted(roster, def->category, name, &plugin);
    if (field < 0) {
        return 0;
    }

    index = ctl_key_index(roster->ctl, def->category, name);
    if (index == NULL) {
        return -1;
    }

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->refused || user->values[def->values[0]].len == 0) {
            continue;
        }

        if (value_term(user, claims->record, plugin, (uint32_t) field, index)
            != 0)
        {
            return -1;
        }

        claim_add(claims, i);
    }

    return 0;
}


/*
 * All who claim what the first does, but for one of them, or ROSTER_NONE.
 * source: of the account that has it, or NULL.
 */
static void
others_refuse(claims_t *claims, uint32_t first, uint32_t holder,
    const char *source)
{
    uint32_t        i;
    roster_item_t  *user;

    for (i = first; i != ROSTER_NONE; i = claims->next[i]) {
        user = roster_item(claims->roster, ROSTER_USER, i);

        if (i != holder && !user->refused) {
            roster_claims_refuse(claims->roster, user, claims->record,
                                 source);
        }
    }

    claims->settled[first] = 1;
}


static void
owners_make(claims_t *claims)
{
    int             fresh;
    uint32_t        i;
    pupil_str_t     key;
    roster_item_t  *user;

    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < claims->roster->items[ROSTER_USER].count; i++) {
        user = roster_item(claims->roster, ROSTER_USER, i);

        if (user->known) {
            key.data = user->owner.id.b;
            ctl_map_put(&claims->owners, key, &fresh)->value = i;
        }
    }
}


/* A user of the roster by their account; ROSTER_NONE. */
static uint32_t
owner_find(claims_t *claims, const pupil_uuid_t *owner)
{
    ctl_slot_t   *slot;
    pupil_str_t   key;

    if (claims->owners.table == NULL) {
        owners_make(claims);
    }

    key.data = owner->b;
    key.len = PUPIL_UUID_LEN;
    slot = ctl_map_get(&claims->owners, key);

    return slot == NULL ? ROSTER_NONE : slot->value;
}


/*
 * Who gets a value that is stored of somebody who does not claim it: the first
 * of those who do, or ROSTER_NONE where whoever has it keeps it.  Of who leaves
 * it is known later: see leavers.c.
 */
static uint32_t
heir_find(claims_t *claims, uint32_t first, roster_move_t *move, int ours)
{
    uint32_t        i;
    roster_item_t  *user;

    move->record = claims->record;
    move->from = owner_find(claims, &move->owner);
    user = move->from == ROSTER_NONE
           ? NULL : roster_item(claims->roster, ROSTER_USER, move->from);

    if (user != NULL && user->leaves) {
        move->from = ROSTER_NONE;

    } else if (user != NULL ? roster_moves_stays(user, claims->record)
                            : !ours && !move->closed)
    {
        return ROSTER_NONE;
    }

    for (i = first; i != ROSTER_NONE; i = claims->next[i]) {
        if (!roster_item(claims->roster, ROSTER_USER, i)->refused) {
            move->to = i;
            roster_moves_add(claims->roster, move);
            break;
        }
    }

    return i;
}


/*
 * A term that is stored: its owner keeps it, if the roster has it so, or has
 * nothing else for them.
 */
static int
value_row(void *ctx, uint32_t first, const PGresult *res, int n)
{
    uint32_t             i;
    claims_t            *claims = ctx;
    roster_t            *roster;
    const char          *source;
    roster_move_t        move;
    roster_item_t       *user;
    roster_index_row_t   row;

    roster = claims->roster;
    source = PQgetisnull(res, n, 4) ? NULL : PQgetvalue(res, n, 4);

    if (roster_index_row(roster, res, n,
                         roster_records[claims->record].category,
                         value_field(claims->record), &row) != 0)
    {
        return -1;
    }

    for (i = first; i != ROSTER_NONE; i = claims->next[i]) {
        user = roster_item(roster, ROSTER_USER, i);

        if (row.authentic
            && pupil_uuid_compare(&row.owner, &user->owner.id) == 0)
        {
            user->states[claims->record].held = 1;
            break;
        }
    }

    if (i == ROSTER_NONE && row.authentic) {
        move.owner = row.owner;
        move.closed = PQgetvalue(res, n, 5)[0] == 't';
        i = heir_find(claims, first, &move,
                      source != NULL && strcmp(source, roster->source) == 0);
    }

    others_refuse(claims, first, i, source);

    return 0;
}


/* The index rows of terms that the roster has. */
static int
values_found(claims_t *claims, const char *terms)
{
    int          rc;
    PGresult    *res;
    const char  *params[3];

    params[0] = roster_records[claims->record].category;
    params[1] = value_field(claims->record);
    params[2] = terms;
    res = ctl_query(claims->roster->ctl->data, "SELECT b.term, b.owner,"
                    " b.record, b.mac, s.source, s.status = 'closed' FROM"
                    " pupil.blind_index b LEFT JOIN pupil.subject s ON"
                    " s.tenant = b.tenant AND s.subject = b.owner WHERE"
                    " b.category = $1 AND b.field = $2 AND b.term = ANY"
                    " ($3::bytea[])", 3, params);
    if (res == NULL) {
        return -1;
    }

    rc = ctl_join_rows(&claims->join, res, value_row, claims);
    PQclear(res);

    return rc;
}


/* Nor may a term belong to an account that is not this user's. */
static int
values_stored(claims_t *claims)
{
    int             rc;
    uint32_t        i, n;
    roster_t       *roster;
    ctl_buf_t       terms;
    roster_item_t  *user;

    roster = claims->roster;

    rc = 0;
    memset(&terms, 0, sizeof(ctl_buf_t));

    for (i = 0; rc == 0 && i < roster->items[ROSTER_USER].count; /* void */) {
        ctl_array_begin(&terms);

        for (n = 0; i < roster->items[ROSTER_USER].count && n < CHUNK; i++) {
            user = roster_item(roster, ROSTER_USER, i);

            if (!user->refused && user->states[claims->record].has_term) {
                ctl_array_bytes(&terms, user->states[claims->record].term,
                                PUPIL_TERM_LEN);
                n++;
            }
        }

        ctl_array_end(&terms);

        if (n != 0) {
            rc = values_found(claims, terms.data);
        }
    }

    ctl_buf_free(&terms);

    return rc;
}


/* A term that is not stored is the first one's. */
static void
claims_new(claims_t *claims)
{
    uint32_t              i;
    ctl_slot_t           *slot;
    pupil_str_t           key;
    const roster_item_t  *user;

    key.len = PUPIL_TERM_LEN;

    for (i = 0; i < claims->roster->items[ROSTER_USER].count; i++) {
        user = roster_item(claims->roster, ROSTER_USER, i);

        if (!user->states[claims->record].has_term || user->refused) {
            continue;
        }

        key.data = user->states[claims->record].term;
        slot = ctl_map_get(&claims->join.map, key);

        if (slot != NULL && slot->value == i && !claims->settled[i]) {
            others_refuse(claims, i, i, NULL);
        }
    }
}


int
roster_claims_resolve(roster_t *roster, roster_record_t record)
{
    int       rc;
    size_t    count;
    claims_t  claims;

    count = roster->items[ROSTER_USER].count + 1;
    memset(&claims, 0, sizeof(claims_t));

    claims.roster = roster;
    claims.record = record;
    claims.join.key_len = PUPIL_TERM_LEN;
    claims.next = ctl_memory(count * sizeof(uint32_t));
    claims.settled = ctl_memory(count);
    memset(claims.settled, 0, count);

    rc = claims_read(&claims);
    if (rc == 0) {
        rc = values_stored(&claims);
    }

    if (rc == 0) {
        claims_new(&claims);
    }

    free(claims.next);
    free(claims.settled);
    ctl_join_free(&claims.join);
    ctl_map_free(&claims.owners);

    roster_moves_settle(roster);

    return rc;
}
