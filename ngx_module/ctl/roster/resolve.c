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
#include "ctl/roster/crossed.h"
#include "ctl/roster/erased.h"
#include "ctl/roster/ids.h"
#include "ctl/roster/resolve.h"


#define CHUNK  5000             /* terms a query */

/* Items that are asked for at once. */
typedef struct {
    roster_t        *roster;
    roster_kind_t    kind;
    roster_item_t  **items;
    size_t           count;
    uint8_t         *terms;         /* of old ids; NULL: those of the items */
    const char      *pupils;        /* whose roles those of old ids have */
} chunk_t;

/* Ids of users that have a space. */
typedef struct {
    const char      *prefix;
    const char      *pupils;        /* "true": who has it is a pupil */
} space_t;


#define SOURCE_SQL                                                            \
    "SELECT b.term, b.owner, b.record, b.mac, o.state, o.key_version FROM"    \
    " pupil.blind_index b JOIN pupil.owner o USING (tenant, owner) WHERE"     \
    " b.category = 'source' AND b.field = $1 AND b.term = ANY ($2::bytea[])"

static const char  source_sql[] = SOURCE_SQL;

/* Before ids had spaces, the roles of an account say of which it is. */
static const char  old_sql[] =
    SOURCE_SQL " AND EXISTS (SELECT FROM pupil.role r WHERE r.tenant ="
    " b.tenant AND r.subject = b.owner) AND NOT EXISTS (SELECT FROM"
    " pupil.role r WHERE r.tenant = b.tenant AND r.subject = b.owner AND"
    " (r.role = 'pupil') <> $3::boolean)";

static const space_t  spaces[] = {
    { ROSTER_SPACE_PUPIL, "true" },
    { ROSTER_SPACE_TEACHER, "false" },
    { NULL, NULL }
};


static const uint8_t *
chunk_term(const chunk_t *chunk, size_t i)
{
    return chunk->terms != NULL ? chunk->terms + i * PUPIL_TERM_LEN
                                : chunk->items[i]->term;
}


static PGresult *
source_query(const chunk_t *chunk)
{
    size_t       i;
    ctl_buf_t    terms;
    PGresult    *res;
    const char  *params[3];

    memset(&terms, 0, sizeof(ctl_buf_t));
    ctl_array_begin(&terms);
    for (i = 0; i < chunk->count; i++) {
        ctl_array_bytes(&terms, chunk_term(chunk, i), PUPIL_TERM_LEN);
    }
    ctl_array_end(&terms);

    params[0] = roster_kinds[chunk->kind].source;
    params[1] = terms.data;
    params[2] = chunk->pupils;
    res = ctl_query(chunk->roster->ctl->data,
                    chunk->terms != NULL ? old_sql : source_sql,
                    chunk->terms != NULL ? 3 : 2, params);

    ctl_buf_free(&terms);

    return res;
}


/* The item is known: it has an owner, who may not be served any more. */
static void
source_found(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    const roster_index_row_t *row, pupil_str_t state, uint32_t version)
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

    } else if (item->owner.state == PUPIL_OWNER_STATE_RECOVERY) {
        item->returns = 1;      /* or not: see returns.c */
        return;

    } else if (item->owner.state != PUPIL_OWNER_STATE_ACTIVE) {
        reason = "its data is restricted";

    } else {
        return;
    }

    if (item->refused && roster->planned != NULL) {
        return;                 /* which its plan has said */
    }

    /* said even of what is refused for a value that it has */
    item->refused = 1;
    roster_refuse(roster, kind, &item->place, reason);
}


static int
source_row(void *ctx, uint32_t index, const PGresult *res, int n)
{
    chunk_t             *chunk = ctx;
    roster_index_row_t   row;

    if (roster_ids_row(chunk->roster, chunk->kind, res, n, &row) != 0) {
        return -1;
    }

    source_found(chunk->roster, chunk->kind, chunk->items[index], &row,
                 ctl_get_str(res, n, 4),
                 (uint32_t) ctl_get_int(res, n, 5, 0));

    return 0;
}


/* Items of one chunk by the ids of their source. */
static int
source_chunk(chunk_t *chunk)
{
    int          rc;
    size_t       i;
    PGresult    *res;
    ctl_join_t   join;

    res = source_query(chunk);
    if (res == NULL) {
        return -1;
    }

    memset(&join, 0, sizeof(ctl_join_t));
    join.key_len = PUPIL_TERM_LEN;

    for (i = 0; i < chunk->count; i++) {
        ctl_join_add(&join, chunk_term(chunk, i), (uint32_t) i);
    }

    rc = ctl_join_rows(&join, res, source_row, chunk);

    ctl_join_free(&join);
    PQclear(res);

    return rc;
}


static PGresult *
prints_query(const chunk_t *chunk)
{
    size_t       i;
    ctl_buf_t    owners;
    PGresult    *res;
    const char  *params[1];

    memset(&owners, 0, sizeof(ctl_buf_t));
    ctl_array_begin(&owners);
    for (i = 0; i < chunk->count; i++) {
        if (chunk->items[i]->known) {
            ctl_array_uuid(&owners, &chunk->items[i]->owner.id);
        }
    }
    ctl_array_end(&owners);

    params[0] = owners.data;
    res = ctl_query(chunk->roster->ctl->data, "SELECT owner, category,"
                    " fingerprint FROM pupil.imported WHERE owner = ANY"
                    " ($1::uuid[])", 1, params);

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


static int
print_row(void *ctx, uint32_t index, const PGresult *res, int n)
{
    size_t           len;
    chunk_t         *chunk = ctx;
    roster_state_t  *state;

    len = 0;
    state = state_find(chunk->kind, chunk->items[index],
                       PQgetvalue(res, n, 1));

    if (state != NULL) {
        state->has_print = ctl_get_bytes(res, n, 2, state->print,
                                         ROSTER_PRINT_LEN, &len) == 0
                           && len == ROSTER_PRINT_LEN;
        state->lost = len == 0;
    }

    return 0;
}


/* What the last import wrote of the items of one chunk. */
static int
prints_chunk(chunk_t *chunk)
{
    int          rc;
    size_t       i;
    PGresult    *res;
    ctl_join_t   join;

    res = prints_query(chunk);
    if (res == NULL) {
        return -1;
    }

    memset(&join, 0, sizeof(ctl_join_t));
    join.key_len = PUPIL_UUID_LEN;

    for (i = 0; i < chunk->count; i++) {
        if (chunk->items[i]->known) {
            ctl_join_add(&join, chunk->items[i]->owner.id.b, (uint32_t) i);
        }
    }

    rc = ctl_join_rows(&join, res, print_row, chunk);

    ctl_join_free(&join);
    PQclear(res);

    return rc;
}


static int
source_terms(roster_t *roster, roster_kind_t kind)
{
    uint32_t        i;
    roster_item_t  *item;

    for (i = 0; i < roster->items[kind].count; i++) {
        item = roster_item(roster, kind, i);

        if (roster_id_term(roster, kind, item->id, item->term) != 0) {
            return -1;
        }
    }

    return 0;
}


/* Users who are not known by an id of this space may be by the bare id. */
static int
old_chunk(chunk_t *chunk)
{
    int  rc;

    rc = chunk->count == 0 || (source_chunk(chunk) == 0
                               && prints_chunk(chunk) == 0) ? 0 : -1;
    chunk->count = 0;

    return rc;
}


static int
space_resolve(roster_t *roster, const space_t *space, chunk_t *chunk)
{
    size_t          len;
    uint32_t        i;
    pupil_str_t     id;
    roster_item_t  *user;

    len = strlen(space->prefix);
    chunk->pupils = space->pupils;

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);
        id = user->id;

        if (user->known || id.len <= len
            || memcmp(id.data, space->prefix, len) != 0)
        {
            continue;
        }

        id.data += len;
        id.len -= len;

        if (roster_id_term(roster, ROSTER_USER, id, user->bare) != 0) {
            return -1;
        }

        user->has_bare = 1;
        memcpy(chunk->terms + chunk->count * PUPIL_TERM_LEN, user->bare,
               PUPIL_TERM_LEN);
        chunk->items[chunk->count++] = user;

        if (chunk->count == CHUNK && old_chunk(chunk) != 0) {
            return -1;
        }
    }

    return old_chunk(chunk);
}


static int
spaces_resolve(roster_t *roster)
{
    int             rc;
    chunk_t         chunk;
    const space_t  *space;

    memset(&chunk, 0, sizeof(chunk_t));
    chunk.roster = roster;
    chunk.kind = ROSTER_USER;
    chunk.items = ctl_memory(CHUNK * sizeof(roster_item_t *));
    chunk.terms = ctl_memory(CHUNK * PUPIL_TERM_LEN);

    rc = 0;

    for (space = spaces; rc == 0 && space->prefix != NULL; space++) {
        rc = space_resolve(roster, space, &chunk);
    }

    free(chunk.items);
    free(chunk.terms);

    return rc;
}


static int
kind_resolve(roster_t *roster, roster_kind_t kind)
{
    chunk_t          chunk;
    uint32_t         i, n;
    roster_items_t  *items;

    if (source_terms(roster, kind) != 0) {
        return -1;
    }

    items = &roster->items[kind];

    memset(&chunk, 0, sizeof(chunk_t));
    chunk.roster = roster;
    chunk.kind = kind;

    for (i = 0; i < items->count; i += n) {
        n = items->count - i < CHUNK ? items->count - i : CHUNK;

        chunk.items = items->items + i;
        chunk.count = n;

        if (source_chunk(&chunk) != 0 || prints_chunk(&chunk) != 0) {
            return -1;
        }
    }

    if (kind == ROSTER_USER && roster->spaces && spaces_resolve(roster) != 0) {
        return -1;
    }

    for (i = 0; i < items->count; i++) {
        if (!items->items[i]->known) {
            pupil_uuid_random(&items->items[i]->owner.id);
        }
    }

    return 0;
}


static int
all_resolve(roster_t *roster)
{
    unsigned  kind, record;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        if (kind_resolve(roster, kind) != 0) {
            return -1;
        }
    }

    for (record = 0; record < ROSTER_RECORDS; record++) {
        if (roster_records[record].indexed
            && roster_claims_resolve(roster, record) != 0)
        {
            return -1;
        }
    }

    return roster_crossed_resolve(roster) == 0
           ? roster_erased_resolve(roster) : -1;
}


/*
 * Nothing is written but records of what was found tampered with: they are
 * committed even where the import ends for another reason (I18, I19).
 */
int
roster_resolve(roster_t *roster)
{
    int      rc;
    PGconn  *conn;

    conn = roster->ctl->data;

    if (ctl_begin(conn, &roster->ctl->tenant) != 0) {
        return -1;
    }

    rc = all_resolve(roster);

    return ctl_commit(conn) == 0 ? rc : -1;
}
