/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/roster/ids.h"
#include "ctl/store/keys.h"


#define MOVED_LEN  (PUPIL_TERM_LEN + PUPIL_UUID_LEN)


static int
name_read(roster_t *roster, const char **was)
{
    int          row;
    PGresult    *res;
    ctl_t       *ctl;
    const char  *params[1], **text;

    ctl = roster->ctl;
    *was = NULL;
    params[0] = roster->source;

    res = ctl_query(ctl->keys, "SELECT s.source = $1, CASE WHEN s.source = $1"
                    " THEN s.space END, CASE WHEN s.source = $1 THEN s.was"
                    " ELSE s.source END FROM keystore.source_name AS s WHERE"
                    " s.source = $1 OR s.was = $1", 1, params);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        if (!PQgetisnull(res, row, 1)) {
            roster->space = ctl_pool_text(&ctl->pool, PQgetvalue(res, row, 1),
                                          (size_t) PQgetlength(res, row, 1));
        }

        if (!PQgetisnull(res, row, 2)) {
            text = PQgetvalue(res, row, 0)[0] == 't' ? was
                   : &roster->becomes;
            *text = ctl_pool_text(&ctl->pool, PQgetvalue(res, row, 2),
                                  (size_t) PQgetlength(res, row, 2));
        }
    }

    PQclear(res);

    return 0;
}


static int
moved_read(roster_t *roster)
{
    int            row, rc, fresh;
    size_t         len;
    uint8_t       *key;
    PGresult      *res;
    pupil_str_t    s;
    pupil_uuid_t   owner;

    res = ctl_query(roster->ctl->keys, "SELECT term, owner, done FROM"
                    " keystore.moved_source", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    rc = 0;
    s.len = MOVED_LEN;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        key = ctl_pool_alloc(&roster->pool, MOVED_LEN);

        if (ctl_get_bytes(res, row, 0, key, PUPIL_TERM_LEN, &len) != 0
            || len != PUPIL_TERM_LEN || ctl_get_uuid(res, row, 1, &owner) != 0)
        {
            rc = ctl_error("a row of keystore.moved_source is malformed");
            break;
        }

        memcpy(key + PUPIL_TERM_LEN, owner.b, PUPIL_UUID_LEN);
        s.data = key;
        ctl_map_put(&roster->moved, s, &fresh)->value =
            PQgetvalue(res, row, 2)[0] == 't' ? ROSTER_ID_MOVED
                                              : ROSTER_ID_MOVING;
    }

    PQclear(res);

    return rc;
}


int
roster_ids_load(roster_t *roster, const char **was)
{
    int     rc;
    ctl_t  *ctl;

    ctl = roster->ctl;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    rc = name_read(roster, was) == 0 ? moved_read(roster) : -1;
    ctl_rollback(ctl->keys);

    return rc;
}


int
roster_ids_ready(roster_t *roster)
{
    const char  *was, *to;

    if (roster_ids_load(roster, &was) != 0) {
        return -1;
    }

    to = was != NULL ? roster->source : roster->becomes;

    return to == NULL ? 0
           : ctl_error("pupilctl source rename %s %s was not finished: say it"
                       " again first", was != NULL ? was : roster->source, to);
}


roster_id_t
roster_id_moved(const roster_t *roster, const uint8_t term[PUPIL_TERM_LEN],
    const pupil_uuid_t *owner)
{
    uint8_t      key[MOVED_LEN];
    ctl_slot_t  *slot;
    pupil_str_t  s;

    memcpy(key, term, PUPIL_TERM_LEN);
    memcpy(key + PUPIL_TERM_LEN, owner->b, PUPIL_UUID_LEN);
    s.data = key;
    s.len = MOVED_LEN;
    slot = ctl_map_get(&roster->moved, s);

    return slot == NULL ? ROSTER_ID_THERE : (roster_id_t) slot->value;
}


int
roster_ids_row(roster_t *roster, roster_kind_t kind, const PGresult *res,
    int n, roster_index_row_t *row)
{
    if (roster_index_row(roster, res, n, "source", roster_kinds[kind].source,
                         row) != 0)
    {
        return -1;
    }

    return !row->authentic
           || roster_id_moved(roster, row->term, &row->owner)
              == ROSTER_ID_THERE
           ? 0 : roster_index_tampered(roster, row);
}


int
roster_id_term(roster_t *roster, roster_kind_t kind, pupil_str_t id,
    uint8_t term[PUPIL_TERM_LEN])
{
    int                 n;
    char                text[640], name[64];
    pupil_str_t         s;
    const pupil_key_t  *key;

    snprintf(name, sizeof(name), "index:source.%s",
             roster_kinds[kind].source);

    key = ctl_key(roster->ctl, name);
    if (key == NULL) {
        return -1;
    }

    n = snprintf(text, sizeof(text), "%s:", roster->space);
    memcpy(text + n, id.data, id.len);

    s.data = (const uint8_t *) text;
    s.len = (size_t) n + id.len;
    pupil_blind_term(key, s, term);

    return 0;
}


int
roster_ids_moving(ctl_t *ctl, const char *terms, const char *owners)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = terms;
    params[2] = owners;

    return ctl_write(ctl, ctl->keys, "INSERT INTO keystore.moved_source"
                     " (tenant, term, owner, done) SELECT $1::uuid, m.term,"
                     " m.owner, false FROM unnest($2::bytea[], $3::uuid[]) AS"
                     " m (term, owner) ON CONFLICT (tenant, term, owner) DO"
                     " UPDATE SET done = false", 3, params);
}


int
roster_ids_moved(ctl_t *ctl, const char *terms, const char *owners)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = terms;
    params[2] = owners;

    return ctl_write(ctl, ctl->keys, "WITH back AS (DELETE FROM"
                     " keystore.moved_source AS m USING unnest($2::bytea[],"
                     " $3::uuid[]) AS n (term, owner) WHERE m.tenant ="
                     " $1::uuid AND m.term = n.term AND m.owner = n.owner)"
                     " UPDATE keystore.moved_source AS m SET done = true WHERE"
                     " m.tenant = $1::uuid AND m.owner = ANY ($3::uuid[]) AND"
                     " NOT m.done AND m.term <> ALL ($2::bytea[])", 3, params);
}


int
roster_ids_rename(ctl_t *ctl, const char *from, const char *to)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = from;
    params[2] = to;

    /* whatever is called by the old name from now on has ids of its own */
    if (ctl_begin(ctl->keys, &ctl->tenant) == 0
        && ctl_exec(ctl->keys, "INSERT INTO keystore.source_name (tenant,"
                    " source, space) VALUES ($1::uuid, $2, $2) ON CONFLICT"
                    " (tenant, source) DO NOTHING", 2, params) == 0
        && ctl_exec(ctl->keys, "INSERT INTO keystore.source_name (tenant,"
                    " source, space) VALUES ($1::uuid, $3, $3 || '/' ||"
                    " gen_random_uuid()) ON CONFLICT (tenant, source) DO UPDATE"
                    " SET space = EXCLUDED.space, was = NULL WHERE $2::text IS"
                    " NOT NULL", 3, params) == 0
        && ctl_exec(ctl->keys, "WITH two AS (SELECT f.space AS f, t.space AS t"
                    " FROM keystore.source_name AS f, keystore.source_name AS"
                    " t WHERE f.tenant = $1::uuid AND f.source = $2 AND"
                    " t.tenant = $1::uuid AND t.source = $3) UPDATE"
                    " keystore.source_name AS s SET space = CASE WHEN s.source"
                    " = $3 THEN two.f ELSE two.t END, was = CASE WHEN s.source"
                    " = $3 THEN $2 END FROM two WHERE s.tenant = $1::uuid AND"
                    " s.source IN ($2, $3)", 3, params) == 0
        && ctl_commit(ctl->keys) == 0)
    {
        return 0;
    }

    ctl_rollback(ctl->keys);

    return -1;
}


int
roster_ids_renamed(ctl_t *ctl, const char *to)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = to;

    return ctl_write(ctl, ctl->keys, "UPDATE keystore.source_name SET was ="
                     " NULL WHERE tenant = $1::uuid AND source = $2", 2,
                     params);
}
