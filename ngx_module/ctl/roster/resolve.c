/*
 * Copyright (C) the Pupil authors
 *
 * Rows of the blind index are authentic or they do not count (invariant I18).
 */

#include <string.h>

#include "core/base/text.h"
#include "core/plugin/value.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/roster/resolve.h"
#include "ctl/store/keys.h"
#include "ctl/store/record.h"
#include "ctl/store/subject.h"


#define CHUNK  5000             /* terms a query */

/* A row of the blind index. */
typedef struct {
    uint8_t       term[PUPIL_TERM_LEN];
    pupil_uuid_t  owner;
    int           authentic;
} index_row_t;


static const ctl_access_t  tampered_access = {
    .category = "enrolment",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


/* Row n of a result that begins with term, owner, record, mac. */
static int
index_row(roster_t *roster, const PGresult *res, int n, const char *category,
    const char *field, index_row_t *row)
{
    size_t        len;
    uint8_t       made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t   mac;
    pupil_uuid_t  record;

    memset(row, 0, sizeof(index_row_t));

    if (ctl_get_bytes(res, n, 0, row->term, PUPIL_TERM_LEN, &len) != 0
        || len != PUPIL_TERM_LEN || ctl_get_uuid(res, n, 1, &row->owner) != 0
        || ctl_get_uuid(res, n, 2, &record) != 0)
    {
        return ctl_error("a row of pupil.blind_index is malformed");
    }

    if (ctl_index_mac(roster->ctl, category, field, row->term, &row->owner,
                      &record, made) != 0)
    {
        return -1;
    }

    mac.data = stored;
    mac.len = 0;
    ctl_get_bytes(res, n, 3, stored, sizeof(stored), &mac.len);
    row->authentic = pupil_mac_check(made, mac) == PUPIL_OK;

    return row->authentic ? 0
           : ctl_record_one(roster->ctl, &tampered_access, "tampered",
                            &row->owner, "row=blind_index");
}


static PGresult *
source_query(roster_t *roster, roster_kind_t kind, roster_item_t **items,
    size_t count)
{
    size_t       i;
    ctl_buf_t    terms;
    PGresult    *res;
    const char  *params[2];

    memset(&terms, 0, sizeof(ctl_buf_t));
    ctl_array_begin(&terms);
    for (i = 0; i < count; i++) {
        ctl_array_bytes(&terms, items[i]->term, PUPIL_TERM_LEN);
    }
    ctl_array_end(&terms);

    params[0] = roster_kinds[kind].source;
    params[1] = terms.data;
    res = ctl_query(roster->ctl->data, "SELECT b.term, b.owner, b.record,"
                    " b.mac, o.state, o.key_version FROM pupil.blind_index b"
                    " JOIN pupil.owner o USING (tenant, owner) WHERE"
                    " b.category = 'source' AND b.field = $1 AND b.term = ANY"
                    " ($2::bytea[])", 2, params);

    ctl_buf_free(&terms);

    return res;
}


/* The item is known: it has an owner, who may not be served any more. */
static void
source_found(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    const index_row_t *row, pupil_str_t state, uint32_t version)
{
    const char  *reason;

    item->known = 1;
    item->owner.id = row->owner;
    item->owner.state = pupil_owner_state(state);
    item->owner.version = version;

    if (!row->authentic) {
        reason = "its index row was tampered with";

    } else if (item->owner.state == PUPIL_OWNER_STATE_ERASED) {
        reason = "it was erased";

    } else if (item->owner.state != PUPIL_OWNER_STATE_ACTIVE) {
        reason = "its data is restricted";

    } else {
        return;
    }

    /* said even of what is refused for a value that it has */
    item->refused = 1;
    roster_refuse(roster, kind, &item->place, reason);
}


/* Items of one chunk by the ids of their source. */
static int
source_chunk(roster_t *roster, roster_kind_t kind, roster_item_t **items,
    size_t count)
{
    int           n, rc, fresh;
    size_t        i;
    ctl_map_t     map;
    PGresult     *res;
    ctl_slot_t   *slot;
    index_row_t   row;
    pupil_str_t   key;

    res = source_query(roster, kind, items, count);
    if (res == NULL) {
        return -1;
    }

    rc = 0;
    memset(&map, 0, sizeof(ctl_map_t));
    key.len = PUPIL_TERM_LEN;

    for (i = 0; i < count; i++) {
        key.data = items[i]->term;
        ctl_map_put(&map, key, &fresh)->value = (uint32_t) i;
    }

    for (n = 0; n < PQntuples(res); n++) {
        rc = index_row(roster, res, n, "source", roster_kinds[kind].source,
                       &row);
        if (rc != 0) {
            break;
        }

        key.data = row.term;
        slot = ctl_map_get(&map, key);
        if (slot != NULL) {
            source_found(roster, kind, items[slot->value], &row,
                         ctl_get_str(res, n, 4),
                         (uint32_t) ctl_get_int(res, n, 5, 0));
        }
    }

    ctl_map_free(&map);
    PQclear(res);

    return rc;
}


static PGresult *
prints_query(roster_t *roster, roster_item_t **items, size_t count)
{
    size_t       i;
    ctl_buf_t    owners;
    PGresult    *res;
    const char  *params[1];

    memset(&owners, 0, sizeof(ctl_buf_t));
    ctl_array_begin(&owners);
    for (i = 0; i < count; i++) {
        if (items[i]->known) {
            ctl_array_uuid(&owners, &items[i]->owner.id);
        }
    }
    ctl_array_end(&owners);

    params[0] = owners.data;
    res = ctl_query(roster->ctl->data, "SELECT owner, category, fingerprint"
                    " FROM pupil.imported WHERE owner = ANY ($1::uuid[])", 1,
                    params);

    ctl_buf_free(&owners);

    return res;
}


/* The record of an item that has this category; NULL. */
static roster_state_t *
state_find(roster_kind_t kind, roster_item_t *item, const char *category)
{
    unsigned  r;

    if (kind != ROSTER_USER) {
        return &item->states[ROSTER_TITLES];
    }

    for (r = 0; r < ROSTER_RECORDS; r++) {
        if (strcmp(category, roster_records[r].category) == 0) {
            return &item->states[r];
        }
    }

    return NULL;
}


/* What the last import wrote of the items of one chunk. */
static int
prints_chunk(roster_t *roster, roster_kind_t kind, roster_item_t **items,
    size_t count)
{
    int              n, fresh;
    size_t           i, len;
    ctl_map_t        map;
    PGresult        *res;
    ctl_slot_t      *slot;
    pupil_str_t      key;
    pupil_uuid_t     owner;
    roster_state_t  *state;

    res = prints_query(roster, items, count);
    if (res == NULL) {
        return -1;
    }

    memset(&map, 0, sizeof(ctl_map_t));
    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < count; i++) {
        if (items[i]->known) {
            key.data = items[i]->owner.id.b;
            ctl_map_put(&map, key, &fresh)->value = (uint32_t) i;
        }
    }

    for (n = 0; n < PQntuples(res); n++) {
        ctl_get_uuid(res, n, 0, &owner);
        key.data = owner.b;
        slot = ctl_map_get(&map, key);
        if (slot == NULL) {
            continue;
        }

        state = state_find(kind, items[slot->value], PQgetvalue(res, n, 1));
        if (state != NULL) {
            state->has_print = ctl_get_bytes(res, n, 2, state->print,
                                             ROSTER_PRINT_LEN, &len) == 0
                               && len == ROSTER_PRINT_LEN;
        }
    }

    ctl_map_free(&map);
    PQclear(res);

    return 0;
}


/* An id counts within its source. */
static int
source_terms(roster_t *roster, roster_kind_t kind)
{
    char                name[64];
    uint32_t            i;
    ctl_buf_t           text;
    pupil_str_t         s;
    roster_item_t      *item;
    const pupil_key_t  *key;

    snprintf(name, sizeof(name), "index:source.%s",
             roster_kinds[kind].source);

    key = ctl_key(roster->ctl, name);
    if (key == NULL) {
        return -1;
    }

    memset(&text, 0, sizeof(ctl_buf_t));

    for (i = 0; i < roster->items[kind].count; i++) {
        item = roster_item(roster, kind, i);

        text.len = 0;
        ctl_buf_printf(&text, "%s:", roster->source);
        ctl_buf_add(&text, item->id.data, item->id.len);

        s.data = (const uint8_t *) text.data;
        s.len = text.len;
        pupil_blind_term(key, s, item->term);
    }

    ctl_buf_free(&text);

    return 0;
}


static int
kind_resolve(roster_t *roster, roster_kind_t kind)
{
    uint32_t         i, n;
    roster_items_t  *items;

    if (source_terms(roster, kind) != 0) {
        return -1;
    }

    items = &roster->items[kind];

    for (i = 0; i < items->count; i += n) {
        n = items->count - i < CHUNK ? items->count - i : CHUNK;

        if (source_chunk(roster, kind, items->items + i, n) != 0
            || prints_chunk(roster, kind, items->items + i, n) != 0)
        {
            return -1;
        }
    }

    for (i = 0; i < items->count; i++) {
        if (!items->items[i]->known) {
            pupil_uuid_random(&items->items[i]->owner.id);
        }
    }

    return 0;
}


/*
 * The value is another's: a user may do without an address, not without a
 * log-in name.
 */
static void
value_refuse(roster_t *roster, roster_item_t *user, roster_record_t record)
{
    if (record == ROSTER_CREDENTIAL) {
        roster_item_refuse(roster, ROSTER_USER, user,
                           "its log-in name belongs to another account");
        return;
    }

    user->values[ROSTER_EMAIL].len = 0;
    user->states[record].has_term = 0;
    roster_remark(roster, &user->place,
                  "its e-mail belongs to another account and was left out");
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


/* Terms of all users; the second of two that share one is refused. */
static int
values_terms(roster_t *roster, roster_record_t record, ctl_map_t *map)
{
    int                         fresh;
    int32_t                     field;
    uint32_t                    i;
    const char                 *name;
    ctl_slot_t                 *slot;
    pupil_str_t                 key;
    roster_item_t              *user;
    pupil_category_t           *plugin;
    const pupil_key_t          *index;
    const roster_record_def_t  *def;

    def = &roster_records[record];
    name = roster_values[def->values[0]].field;

    field = roster_granted(roster, def->category, name, &plugin);
    if (field < 0) {
        return 0;
    }

    index = ctl_key_index(roster->ctl, def->category, name);
    if (index == NULL) {
        return -1;
    }

    key.len = PUPIL_TERM_LEN;

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->refused || user->values[def->values[0]].len == 0) {
            continue;
        }

        if (value_term(user, record, plugin, (uint32_t) field, index) != 0) {
            return -1;
        }

        key.data = user->states[record].term;
        slot = ctl_map_put(map, key, &fresh);

        if (fresh) {
            slot->value = i;
        } else {
            value_refuse(roster, user, record);
        }
    }

    return 0;
}


/* The index rows of terms that the roster has. */
static int
values_found(roster_t *roster, roster_record_t record, const ctl_map_t *map,
    const char *terms)
{
    int             n, rc;
    PGresult       *res;
    ctl_slot_t     *slot;
    const char     *params[3];
    index_row_t     row;
    pupil_str_t     key;
    roster_item_t  *user;

    params[0] = roster_records[record].category;
    params[1] = roster_values[roster_records[record].values[0]].field;
    params[2] = terms;
    res = ctl_query(roster->ctl->data, "SELECT term, owner, record, mac"
                    " FROM pupil.blind_index WHERE category = $1 AND"
                    " field = $2 AND term = ANY ($3::bytea[])", 3, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;
    key.len = PUPIL_TERM_LEN;

    for (n = 0; n < PQntuples(res); n++) {
        rc = index_row(roster, res, n, params[0], params[1], &row);
        if (rc != 0) {
            break;
        }

        key.data = row.term;
        slot = ctl_map_get(map, key);
        if (slot == NULL) {
            continue;
        }

        user = roster_item(roster, ROSTER_USER, slot->value);

        if (!user->refused
            && (!row.authentic
                || pupil_uuid_compare(&row.owner, &user->owner.id) != 0))
        {
            value_refuse(roster, user, record);
        }
    }

    PQclear(res);

    return rc;
}


/* Nor may a term belong to an account that is not this user's. */
static int
values_stored(roster_t *roster, roster_record_t record, const ctl_map_t *map)
{
    int             rc;
    uint32_t        i, n;
    ctl_buf_t       terms;
    roster_item_t  *user;

    rc = 0;
    memset(&terms, 0, sizeof(ctl_buf_t));

    for (i = 0; rc == 0 && i < roster->items[ROSTER_USER].count; /* void */) {
        ctl_array_begin(&terms);

        for (n = 0; i < roster->items[ROSTER_USER].count && n < CHUNK; i++) {
            user = roster_item(roster, ROSTER_USER, i);

            if (!user->refused && user->states[record].has_term) {
                ctl_array_bytes(&terms, user->states[record].term,
                                PUPIL_TERM_LEN);
                n++;
            }
        }

        ctl_array_end(&terms);

        if (n != 0) {
            rc = values_found(roster, record, map, terms.data);
        }
    }

    ctl_buf_free(&terms);

    return rc;
}


static int
values_resolve(roster_t *roster, roster_record_t record)
{
    int        rc;
    ctl_map_t  map;

    memset(&map, 0, sizeof(ctl_map_t));

    rc = values_terms(roster, record, &map);
    if (rc == 0) {
        rc = values_stored(roster, record, &map);
    }

    ctl_map_free(&map);

    return rc;
}


int
roster_resolve(roster_t *roster)
{
    unsigned   kind, record;
    PGconn    *conn;

    conn = roster->ctl->data;

    if (ctl_begin(conn, &roster->ctl->tenant) != 0) {
        return -1;
    }

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        if (kind_resolve(roster, kind) != 0) {
            return -1;
        }
    }

    for (record = 0; record < ROSTER_RECORDS; record++) {
        if (roster_records[record].indexed
            && values_resolve(roster, record) != 0)
        {
            return -1;
        }
    }

    /* what was found tampered with is on record */
    return ctl_commit(conn);
}
