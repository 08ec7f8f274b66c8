/*
 * Copyright (C) the Pupil authors
 *
 * Which of a roster's ids, log-in names and addresses are known already.
 * Index rows are authentic or they do not count (invariant I18).
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/roster/roster.h"


#define CHUNK  5000             /* terms a query */

static const char *const  source_fields[3] = {
    "institution", "class", "user"
};

static const struct {
    const char      *category, *field, *taken;
    roster_value_t   value;
} indexed[2] = {
    { "credential", "login_id", "its log-in name belongs to another account",
      ROSTER_LOGIN },
    { "contact", "email", "its e-mail belongs to another account and was left"
      " out", ROSTER_EMAIL }
};

static const ctl_access_t  tampered_access = {
    "enrolment", "", PUPIL_PURPOSE_ROSTERING, PUPIL_OPERATION_WRITE,
    "subjects"
};

/* A row of the blind index. */
typedef struct {
    uint8_t       term[PUPIL_TERM_LEN];
    pupil_uuid_t  owner;
    int           authentic;
} index_row_t;


static int
index_row(roster_t *roster, const PGresult *res, int n, const char *category,
    const char *field, index_row_t *row)
{
    size_t        len;
    uint8_t       made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t   s = { stored, 0 };
    pupil_uuid_t  record;

    memset(row, 0, sizeof(index_row_t));
    if (ctl_get_bytes(res, n, 0, row->term, PUPIL_TERM_LEN, &len) != 0
        || len != PUPIL_TERM_LEN || ctl_get_uuid(res, n, 1, &row->owner) != 0
        || ctl_get_uuid(res, n, 2, &record) != 0)
    {
        return ctl_error("a row of pupil.blind_index is malformed");
    }

    ctl_get_bytes(res, n, 3, stored, sizeof(stored), &s.len);
    if (ctl_index_mac(roster->ctl, category, field, row->term, &row->owner,
                      &record, made) != 0)
    {
        return -1;
    }

    row->authentic = pupil_mac_check(made, s) == PUPIL_OK;

    return row->authentic ? 0
           : ctl_record_one(roster->ctl, &tampered_access, "tampered",
                            &row->owner, "row=blind_index");
}


/* Items of one chunk by the ids of their source. */
static int
source_chunk(roster_t *roster, roster_kind_t kind, roster_item_t **items,
    size_t count)
{
    int           n, rc = 0, fresh;
    size_t        i;
    ctl_buf_t     terms = { NULL, 0, 0 };
    ctl_map_t     map = { NULL, 0, 0 };
    PGresult     *res;
    ctl_slot_t   *slot;
    const char   *params[2];
    index_row_t   row;
    pupil_str_t   key;
    roster_item_t *item;

    ctl_array_begin(&terms);
    key.len = PUPIL_TERM_LEN;
    for (i = 0; i < count; i++) {
        key.data = items[i]->term;
        ctl_map_put(&map, key, &fresh)->value = (uint32_t) i;
        ctl_array_bytes(&terms, items[i]->term, PUPIL_TERM_LEN);
    }
    ctl_array_end(&terms);

    params[0] = source_fields[kind];
    params[1] = terms.data;
    res = ctl_query(roster->ctl->data, "SELECT b.term, b.owner, b.record,"
                    " b.mac, o.state, o.key_version FROM pupil.blind_index b"
                    " JOIN pupil.owner o USING (tenant, owner) WHERE"
                    " b.category = 'source' AND b.field = $1 AND b.term = ANY"
                    " ($2::bytea[])", 2, params);
    ctl_buf_free(&terms);

    for (n = 0; res != NULL && rc == 0 && n < PQntuples(res); n++) {
        rc = index_row(roster, res, n, "source", source_fields[kind], &row);
        key.data = row.term;
        slot = rc == 0 ? ctl_map_get(&map, key) : NULL;
        if (slot == NULL) {
            continue;
        }

        item = items[slot->value];
        item->known = 1;
        item->owner.id = row.owner;
        item->owner.state = pupil_owner_state(ctl_get_str(res, n, 4));
        item->owner.version = (uint32_t) ctl_get_int(res, n, 5, 0);
        if (!row.authentic || item->owner.state != PUPIL_OWNER_STATE_ACTIVE) {
            item->refused = 1;
            roster_refuse(roster, kind, &item->place, !row.authentic
                          ? "its index row was tampered with"
                          : item->owner.state == PUPIL_OWNER_STATE_ERASED
                          ? "it was erased" : "its data is restricted");
        }
    }

    ctl_map_free(&map);
    if (res == NULL) {
        return -1;
    }
    PQclear(res);

    return rc;
}


static int
prints_chunk(roster_t *roster, roster_kind_t kind, roster_item_t **items,
    size_t count)
{
    int           n, fresh;
    size_t        i, len, c;
    ctl_buf_t     ids = { NULL, 0, 0 };
    ctl_map_t     map = { NULL, 0, 0 };
    PGresult     *res;
    ctl_slot_t   *slot;
    const char   *params[1];
    pupil_str_t   key;
    pupil_uuid_t  owner;
    roster_item_t *item;
    static const char *const  user_categories[] = {
        "identity", "credential", "contact"
    };

    ctl_array_begin(&ids);
    key.len = PUPIL_UUID_LEN;
    for (i = 0; i < count; i++) {
        if (items[i]->known) {
            key.data = items[i]->owner.id.b;
            ctl_map_put(&map, key, &fresh)->value = (uint32_t) i;
            ctl_array_uuid(&ids, &items[i]->owner.id);
        }
    }
    ctl_array_end(&ids);

    params[0] = ids.data;
    res = ctl_query(roster->ctl->data, "SELECT owner, category, fingerprint"
                    " FROM pupil.imported WHERE owner = ANY ($1::uuid[])", 1,
                    params);
    ctl_buf_free(&ids);

    for (n = 0; res != NULL && n < PQntuples(res); n++) {
        ctl_get_uuid(res, n, 0, &owner);
        key.data = owner.b;
        slot = ctl_map_get(&map, key);
        if (slot == NULL) {
            continue;
        }
        item = items[slot->value];
        for (c = 0; kind == ROSTER_USER && c < 3; c++) {
            if (strcmp(PQgetvalue(res, n, 1), user_categories[c]) == 0) {
                break;
            }
        }
        if (c < 3) {
            item->has_print[c] = ctl_get_bytes(res, n, 2, item->print[c], 32,
                                               &len) == 0 && len == 32;
        }
    }

    ctl_map_free(&map);
    if (res == NULL) {
        return -1;
    }
    PQclear(res);

    return 0;
}


static int
kind_resolve(roster_t *roster, roster_kind_t kind)
{
    char                name[64];
    size_t              i, n;
    ctl_buf_t           text = { NULL, 0, 0 };
    pupil_str_t         s;
    roster_item_t      *item;
    roster_items_t     *items = &roster->items[kind];
    const pupil_key_t  *key;

    snprintf(name, sizeof(name), "index:source.%s", source_fields[kind]);
    key = ctl_key(roster->ctl, name);
    if (key == NULL) {
        return -1;
    }

    for (i = 0; i < items->count; i++) {
        item = items->items[i];
        text.len = 0;
        ctl_buf_printf(&text, "%s:", roster->source);
        ctl_buf_add(&text, item->id.data, item->id.len);
        s.data = (const uint8_t *) text.data;
        s.len = text.len;
        pupil_blind_term(key, s, item->term);
    }
    ctl_buf_free(&text);

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


static void
value_refuse(roster_t *roster, roster_item_t *user, unsigned x)
{
    if (indexed[x].value == ROSTER_LOGIN) {
        user->refused = 1;
        roster_refuse(roster, ROSTER_USER, &user->place, indexed[x].taken);
    } else {
        user->values[indexed[x].value].len = 0;
        user->has_term[x] = 0;
        roster_remark(roster, &user->place, indexed[x].taken);
    }
}


/* Terms of all users; the second of two that share one is refused. */
static int
value_terms(roster_t *roster, unsigned x, ctl_map_t *map)
{
    int                 fresh;
    int32_t             field;
    uint32_t            i;
    ctl_pool_t          pool = { NULL };
    ctl_slot_t         *slot;
    pupil_str_t         term, key;
    pupil_alloc_t       alloc = { ctl_pool_alloc, &pool };
    roster_item_t      *user;
    pupil_category_t   *plugin;
    const pupil_key_t  *index;

    field = ctl_granted(roster->ctl, indexed[x].category, indexed[x].field,
                        PUPIL_PURPOSE_ROSTERING, PUPIL_OPERATION_WRITE,
                        &plugin);
    if (field < 0) {
        return 0;
    }
    index = ctl_key_index(roster->ctl, indexed[x].category,
                          indexed[x].field);
    if (index == NULL) {
        return -1;
    }

    key.len = PUPIL_TERM_LEN;
    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster->items[ROSTER_USER].items[i];
        if (user->refused || user->values[indexed[x].value].len == 0) {
            continue;
        }
        if (pupil_value_term(plugin, (uint32_t) field,
                             user->values[indexed[x].value], &alloc, &term)
            != PUPIL_OK)
        {
            ctl_pool_free(&pool);
            return ctl_error("%s.%s has no index term", indexed[x].category,
                             indexed[x].field);
        }
        pupil_blind_term(index, term, user->terms[x]);
        user->has_term[x] = 1;
        key.data = user->terms[x];
        slot = ctl_map_put(map, key, &fresh);
        if (fresh) {
            slot->value = i;
        } else {
            value_refuse(roster, user, x);
        }
        ctl_pool_free(&pool);
    }

    return 0;
}


/* Nor may a term belong to an account that is not this user's. */
static int
value_stored(roster_t *roster, unsigned x, const ctl_map_t *map)
{
    int             n, rc = 0;
    size_t          i, used;
    ctl_buf_t       terms = { NULL, 0, 0 };
    PGresult       *res;
    ctl_slot_t     *slot;
    const char     *params[3];
    index_row_t     row;
    pupil_str_t     key;
    roster_item_t  *user;

    key.len = PUPIL_TERM_LEN;
    for (i = 0; rc == 0 && i < map->size; /* void */ ) {
        ctl_array_begin(&terms);
        for (used = 0; i < map->size && used < CHUNK; i++) {
            if (map->slots[i].used) {
                ctl_array_bytes(&terms, map->slots[i].key.data,
                                PUPIL_TERM_LEN);
                used++;
            }
        }
        ctl_array_end(&terms);
        params[0] = indexed[x].category;
        params[1] = indexed[x].field;
        params[2] = terms.data;
        res = ctl_query(roster->ctl->data, "SELECT term, owner, record, mac"
                        " FROM pupil.blind_index WHERE category = $1 AND"
                        " field = $2 AND term = ANY ($3::bytea[])", 3,
                        params);
        if (res == NULL) {
            rc = -1;
            break;
        }

        for (n = 0; rc == 0 && n < PQntuples(res); n++) {
            rc = index_row(roster, res, n, indexed[x].category,
                           indexed[x].field, &row);
            key.data = row.term;
            slot = rc == 0 ? ctl_map_get(map, key) : NULL;
            if (slot == NULL) {
                continue;
            }
            user = roster->items[ROSTER_USER].items[slot->value];
            if (!user->refused
                && (!row.authentic
                    || pupil_uuid_compare(&row.owner, &user->owner.id) != 0))
            {
                value_refuse(roster, user, x);
            }
        }
        PQclear(res);
    }
    ctl_buf_free(&terms);

    return rc;
}


int
roster_resolve(roster_t *roster)
{
    int        rc = 0;
    unsigned   x, kind;
    ctl_map_t  map = { NULL, 0, 0 };
    PGconn    *conn = roster->ctl->data;

    if (ctl_begin(conn, &roster->ctl->tenant) != 0) {
        return -1;
    }

    for (kind = 0; rc == 0 && kind < 3; kind++) {
        rc = kind_resolve(roster, kind);
    }

    for (x = 0; rc == 0 && x < 2; x++) {
        rc = value_terms(roster, x, &map);
        if (rc == 0) {
            rc = value_stored(roster, x, &map);
        }
        ctl_map_free(&map);
    }

    /* what was found tampered with is on record */
    return rc == 0 ? ctl_commit(conn) : -1;
}
