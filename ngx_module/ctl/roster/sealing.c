/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/vault/authentic.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/images.h"
#include "ctl/roster/sealing.h"
#include "ctl/roster/unnest.h"
#include "ctl/roster/values.h"
#include "ctl/store/keys.h"


#define CATEGORY  "import"      /* where an image is sealed */
#define FIELD     "image"
#define CHUNK     1000          /* images a statement */

/* Columns of a row that is read. */
enum {
    COLUMN_RECORD = 0,
    COLUMN_OWNER,
    COLUMN_IMAGE,
    COLUMN_MAC
};


void
roster_sealing_add(roster_sealing_t *sealing, const pupil_uuid_t *owner,
    json_t *json)
{
    sealing->list = roster_grow(sealing->list, sealing->count,
                                &sealing->size, sizeof(roster_image_t));

    sealing->list[sealing->count].owner = *owner;
    sealing->list[sealing->count++].json = json;
}


static void
sealing_empty(roster_sealing_t *sealing)
{
    uint32_t  i;

    for (i = 0; i < sealing->count; i++) {
        json_decref(sealing->list[i].json);
    }

    sealing->count = 0;
}


void
roster_sealing_free(roster_sealing_t *sealing)
{
    sealing_empty(sealing);
    free(sealing->list);
    memset(sealing, 0, sizeof(roster_sealing_t));
}


/* Each owner once, and which of them each image is of. */
static pupil_uuid_t *
owners_once(const roster_image_t *list, size_t count, uint32_t *places,
    size_t *owners_count)
{
    int            fresh;
    size_t         i, n;
    ctl_map_t      seen;
    ctl_slot_t    *slot;
    pupil_str_t    key;
    pupil_uuid_t  *ids;

    memset(&seen, 0, sizeof(ctl_map_t));
    ids = ctl_memory((count + 1) * sizeof(pupil_uuid_t));
    key.len = PUPIL_UUID_LEN;

    for (i = 0, n = 0; i < count; i++) {
        key.data = list[i].owner.b;
        slot = ctl_map_put(&seen, key, &fresh);

        if (fresh) {
            slot->value = (uint32_t) n;
            ids[n++] = list[i].owner;
        }

        places[i] = slot->value;
    }

    ctl_map_free(&seen);
    *owners_count = n;

    return ids;
}


static int
image_seal(roster_t *roster, ctl_pool_t *pool, const roster_image_t *image,
    const ctl_owner_t *owner, pupil_image_row_t *row)
{
    int          rc;
    char        *text;
    ctl_place_t  place;
    pupil_str_t  value;

    text = json_dumps(image->json, JSON_COMPACT);
    if (text == NULL) {
        return ctl_error("a value that is stored is no text");
    }

    pupil_uuid_random(&row->record);
    row->owner = image->owner;

    place.owner = owner;
    place.category = CATEGORY;
    place.field = FIELD;
    place.record = &row->record;

    value = ctl_str(text);
    rc = ctl_seal(roster->ctl, pool, &place, value, &row->image);

    sodium_memzero(text, value.len);
    free(text);

    return rc;
}


static int
rows_add(roster_t *roster, const pupil_uuid_t *run,
    const roster_image_t *list, size_t count, const uint32_t *places,
    const ctl_owner_t *owners, roster_unnest_t *rows)
{
    int                 rc;
    size_t              i;
    uint8_t             mac[PUPIL_MAC_LEN];
    ctl_pool_t          pool;
    const pupil_key_t  *key;
    pupil_image_row_t   row;

    memset(&pool, 0, sizeof(ctl_pool_t));
    row.tenant = roster->ctl->tenant;
    row.run = *run;
    rc = 0;

    for (i = 0; rc == 0 && i < count; i++) {
        rc = image_seal(roster, &pool, &list[i], &owners[places[i]], &row);
        key = rc == 0 ? ctl_key(roster->ctl, "mac") : NULL;

        if (key == NULL) {
            rc = -1;
            break;
        }

        pupil_mac_image(key, &row, mac);
        ctl_array_uuid(&rows->columns[0], &row.run);
        ctl_array_uuid(&rows->columns[1], &row.record);
        ctl_array_uuid(&rows->columns[2], &row.owner);
        ctl_array_bytes(&rows->columns[3], row.image.data, row.image.len);
        ctl_array_bytes(&rows->columns[4], mac, pupil_mac_len(mac));
        ctl_pool_free(&pool);
    }

    ctl_pool_free(&pool);

    return rc;
}


static int
chunk_write(roster_t *roster, const pupil_uuid_t *run,
    const roster_image_t *list, size_t count)
{
    int               rc;
    size_t            n;
    uint32_t          places[CHUNK];
    ctl_owner_t      *owners;
    pupil_uuid_t     *ids;
    roster_unnest_t   rows;

    ids = owners_once(list, count, places, &n);
    owners = roster_values_owners(roster, ids, n);
    roster_unnest_begin(&rows, 5);

    rc = owners == NULL ? -1
         : rows_add(roster, run, list, count, places, owners, &rows);

    if (rc == 0) {
        rc = roster_unnest_exec(roster, &rows, "INSERT INTO"
                                " pupil.import_image (tenant, run, record,"
                                " owner, image, mac) SELECT $1::uuid, r.run,"
                                " r.record, r.owner, r.image, r.mac FROM"
                                " unnest($3::uuid[], $4::uuid[], $5::uuid[],"
                                " $6::bytea[], $7::bytea[]) AS r(run, record,"
                                " owner, image, mac) WHERE $2::text IS NOT"
                                " NULL", roster->source, NULL);
    }

    roster_unnest_free(&rows);
    free(owners);
    free(ids);

    return rc;
}


/* An image of a person that says nothing of their account yet. */
static int
wants_status(const roster_image_t *image)
{
    return json_object_get(image->json, "rows") != NULL;
}


static int
statuses_read(roster_t *roster, roster_sealing_t *sealing)
{
    int           rc, row;
    uint32_t      i;
    PGresult     *res;
    ctl_buf_t     ids;
    const char   *params[1];

    ctl_buf_init(&ids);
    ctl_array_begin(&ids);

    for (i = 0; i < sealing->count; i++) {
        if (wants_status(&sealing->list[i])) {
            ctl_array_uuid(&ids, &sealing->list[i].owner);
        }
    }

    ctl_array_end(&ids);
    params[0] = ids.data;

    /* in their order, as each is there once */
    res = ctl_query(roster->ctl->data, "SELECT s.status FROM"
                    " unnest($1::uuid[]) WITH ORDINALITY AS i (subject, place)"
                    " LEFT JOIN pupil.subject AS s ON s.subject = i.subject"
                    " ORDER BY i.place", 1, params);
    ctl_buf_free(&ids);

    if (res == NULL) {
        return -1;
    }

    rc = 0;
    row = 0;

    for (i = 0; rc == 0 && i < sealing->count; i++) {
        if (wants_status(&sealing->list[i])) {
            rc = row < PQntuples(res) ? 0
                 : ctl_error("the data database hides rows of pupil.subject");

            if (rc == 0) {
                json_object_set_new(sealing->list[i].json, "status",
                    json_string(PQgetvalue(res, row++, 0)));
            }
        }
    }

    PQclear(res);

    return rc;
}


int
roster_sealing_write(roster_t *roster, roster_sealing_t *sealing,
    const pupil_uuid_t *run)
{
    int       rc;
    size_t    n;
    uint32_t  i;

    rc = statuses_read(roster, sealing);

    for (i = 0; rc == 0 && i < sealing->count; i += (uint32_t) n) {
        n = sealing->count - i < CHUNK ? sealing->count - i : CHUNK;
        rc = chunk_write(roster, run, &sealing->list[i], n);
    }

    sealing_empty(sealing);

    return rc;
}


/* Of one of them, whose row has nobody changed without the keys. */
static int
image_open(roster_t *roster, ctl_pool_t *pool, const pupil_image_row_t *row,
    pupil_str_t mac, const ctl_owner_t *owner, json_t **json)
{
    uint8_t             made[PUPIL_MAC_LEN];
    ctl_place_t         place;
    pupil_str_t         value;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    pupil_mac_image(key, row, made);

    place.owner = owner;
    place.category = CATEGORY;
    place.field = FIELD;
    place.record = &row->record;

    *json = pupil_mac_check(made, mac) == PUPIL_OK
            && ctl_open(roster->ctl, pool, &place, row->image, &value) == 0
            ? json_loadb((const char *) value.data, value.len, 0, NULL) : NULL;

    return *json != NULL ? 0
           : ctl_error("an image of this run was changed by somebody without"
                       " the keys: nothing was changed");
}


static int
row_read(roster_t *roster, ctl_pool_t *pool, const PGresult *res, int n,
    pupil_image_row_t *row, pupil_str_t *mac)
{
    size_t    size;
    uint8_t  *data, *stored;

    size = (size_t) PQgetlength(res, n, COLUMN_IMAGE) / 2 + 1;
    data = ctl_pool_alloc(pool, size);
    stored = ctl_pool_alloc(pool, PUPIL_MAC_LEN);

    row->tenant = roster->ctl->tenant;
    row->image.data = data;
    mac->data = stored;
    mac->len = 0;

    return ctl_get_uuid(res, n, COLUMN_RECORD, &row->record) == 0
           && ctl_get_uuid(res, n, COLUMN_OWNER, &row->owner) == 0
           && ctl_get_bytes(res, n, COLUMN_IMAGE, data, size,
                            &row->image.len) == 0
           && ctl_get_bytes(res, n, COLUMN_MAC, stored, PUPIL_MAC_LEN,
                            &mac->len) == 0
           ? 0 : ctl_error("a row of pupil.import_image is malformed");
}


static int
rows_take(roster_t *roster, const pupil_uuid_t *run, const PGresult *res,
    const ctl_owner_t *owners, const uint32_t *places,
    int (*take)(void *ctx, const pupil_uuid_t *owner, json_t *json),
    void *ctx)
{
    int                 rc, n;
    json_t             *json;
    ctl_pool_t          pool;
    pupil_str_t         mac;
    const ctl_owner_t  *owner;
    pupil_image_row_t   row;

    rc = 0;
    row.run = *run;
    memset(&pool, 0, sizeof(ctl_pool_t));

    for (n = 0; rc == 0 && n < PQntuples(res); n++) {
        owner = &owners[places[n]];

        /* the data database may not have heard of it yet */
        if (owner->state == PUPIL_OWNER_STATE_ERASED) {
            continue;
        }

        rc = row_read(roster, &pool, res, n, &row, &mac);
        if (rc == 0) {
            rc = image_open(roster, &pool, &row, mac, owner, &json);
        }

        if (rc == 0) {
            rc = take(ctx, &row.owner, json);
            json_decref(json);
        }

        ctl_pool_free(&pool);
    }

    ctl_pool_free(&pool);

    return rc;
}


static int
chunk_take(roster_t *roster, const pupil_uuid_t *run, const PGresult *res,
    int (*take)(void *ctx, const pupil_uuid_t *owner, json_t *json),
    void *ctx)
{
    int              n, rc;
    size_t           count;
    uint32_t         places[CHUNK];
    ctl_owner_t     *owners;
    pupil_uuid_t    *ids;
    roster_image_t  *list;

    rc = 0;
    list = ctl_memory(CHUNK * sizeof(roster_image_t));

    for (n = 0; rc == 0 && n < PQntuples(res); n++) {
        rc = ctl_get_uuid(res, n, COLUMN_OWNER, &list[n].owner);
    }

    if (rc != 0) {
        free(list);
        return ctl_error("a row of pupil.import_image is malformed");
    }

    ids = owners_once(list, (size_t) PQntuples(res), places, &count);
    owners = roster_values_owners(roster, ids, count);

    rc = owners == NULL ? -1
         : rows_take(roster, run, res, owners, places, take, ctx);

    free(owners);
    free(ids);
    free(list);

    return rc;
}


int
roster_sealing_read(roster_t *roster, const pupil_uuid_t *run,
    int (*take)(void *ctx, const pupil_uuid_t *owner, json_t *json),
    void *ctx)
{
    int          rc, count;
    char         text[PUPIL_UUID_TEXT_LEN + 1];
    char         last[PUPIL_UUID_TEXT_LEN + 1];
    char         most[16];
    PGresult    *res;
    const char  *params[4];

    rc = 0;
    count = CHUNK;
    snprintf(last, sizeof(last), "00000000-0000-0000-0000-000000000000");
    snprintf(most, sizeof(most), "%d", CHUNK);

    params[0] = roster->ctl->tenant_text;
    params[1] = ctl_uuid_text(run, text);
    params[2] = last;
    params[3] = most;

    while (rc == 0 && count == CHUNK) {
        res = ctl_ask(roster->ctl, roster->ctl->data, "SELECT i.record,"
                      " i.owner, i.image, i.mac FROM pupil.import_image AS i"
                      " WHERE i.tenant = $1::uuid AND i.run = $2::uuid AND"
                      " i.record > $3::uuid ORDER BY i.record LIMIT"
                      " $4::integer", 4, params);
        if (res == NULL) {
            return -1;
        }

        count = PQntuples(res);
        rc = chunk_take(roster, run, res, take, ctx);

        if (rc == 0 && count != 0) {
            snprintf(last, sizeof(last), "%s",
                     PQgetvalue(res, count - 1, COLUMN_RECORD));
        }

        PQclear(res);
    }

    return rc;
}
