/*
 * Copyright (C) the Pupil authors
 *
 * Rows of stored plans.  Whether one may be applied is the key store's word,
 * which has its key, too: a plan whose rows are put back in the data database
 * opens no more once it was used (invariant I18).
 */

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/planned.h"
#include "ctl/store/keys.h"
#include "ctl/store/turn.h"


#define STRING(x)   #x
#define NUMBER(x)   STRING(x)
#define OLD         "now() - interval '" NUMBER(ROSTER_PLANNED_DAYS) " days'"

/* Columns of a plan that is to be applied. */
enum {
    COLUMN_ID = 0,
    COLUMN_STATE,
    COLUMN_BY,
    COLUMN_BEGUN,
    COLUMN_KEY,
    COLUMN_PARTS,
    COLUMN_DIGEST,
    COLUMN_SOURCE
};

static const char  find_sql[] =
    "SELECT p.id, p.state, p.made_by, coalesce(p.begun_at::text, ''), p.key,"
    " p.parts, p.digest, p.source FROM keystore.import_plan AS p WHERE"
    " p.tenant = $1::uuid AND p.plan = $2 AND p.made_at >= " OLD
    " ORDER BY p.state = 'used', p.made_at DESC LIMIT 1";

/* What the key store does not know, or not any more. */
static const char *const  forget_sql[] = {
    "DELETE FROM pupil.import_part AS p WHERE p.tenant = $1::uuid AND p.id"
        " <> ALL ($2::uuid[])",
    "WITH gone AS (DELETE FROM pupil.import_plan AS p WHERE p.tenant ="
        " $1::uuid AND p.kind = 'plan' AND p.id <> ALL ($2::uuid[]) RETURNING"
        " p.id) DELETE FROM pupil.import_decision AS d USING gone AS g WHERE"
        " d.tenant = $1::uuid AND d.id = g.id"
};


int
roster_planned_insert(roster_planned_t *planned, const uint8_t *sealed)
{
    ctl_t       *ctl;
    char         key[CTL_BYTEA_SIZE(ROSTER_PLANNED_KEY)];
    const char  *params[4];

    ctl = planned->ctl;
    params[0] = ctl->tenant_text;
    params[1] = planned->text;
    params[2] = ctl->account;
    params[3] = ctl_bytea(sealed, ROSTER_PLANNED_KEY, key);

    return ctl_write(ctl, ctl->keys, "INSERT INTO keystore.import_plan (tenant,"
                     " id, made_by, key) VALUES ($1::uuid, $2::uuid, $3,"
                     " $4::bytea)", 4, params);
}


int
roster_note_write(ctl_t *ctl, const char *kind, const pupil_uuid_t *id,
    const char *plan, const char *note)
{
    char                text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    char                uuid[PUPIL_UUID_TEXT_LEN + 1];
    uint8_t             mac[PUPIL_MAC_LEN];
    const char         *params[6];
    pupil_plan_row_t    row;
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    row.tenant = ctl->tenant;
    row.id = *id;
    row.plan = ctl_str(plan);
    row.note = ctl_str(note);
    pupil_mac_plan(key, &row, mac);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(id, uuid);
    params[2] = plan;
    params[3] = note;
    params[4] = ctl_bytea(mac, pupil_mac_len(mac), text);
    params[5] = kind;

    return ctl_write(ctl, ctl->data, "INSERT INTO pupil.import_plan (tenant,"
                     " id, plan, note, mac, kind) VALUES ($1::uuid, $2::uuid,"
                     " $3, $4, $5::bytea, $6)", 6, params);
}


int
roster_note_state(ctl_t *ctl, const char *id, const char *state)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = id;
    params[2] = state;

    return ctl_write(ctl, ctl->data, "UPDATE pupil.import_plan SET state = $3"
                     " WHERE tenant = $1::uuid AND id = $2::uuid", 3, params);
}


/* The same plan that was there before goes, as this one is it. */
int
roster_planned_name(roster_planned_t *planned, const char *source)
{
    ctl_t       *ctl;
    char         parts[16], digest[CTL_BYTEA_SIZE(PUPIL_HASH_LEN)];
    const char  *params[6];

    ctl = planned->ctl;
    snprintf(parts, sizeof(parts), "%u", planned->parts);

    params[0] = ctl->tenant_text;
    params[1] = planned->text;
    params[2] = planned->plan;
    params[3] = source;
    params[4] = parts;
    params[5] = ctl_bytea(planned->digest, PUPIL_HASH_LEN, digest);

    return roster_note_write(ctl, "plan", &planned->id, planned->plan,
                             planned->note) == 0
           ? ctl_write(ctl, ctl->keys, "WITH before AS (DELETE FROM"
                       " keystore.import_plan AS p WHERE p.tenant = $1::uuid"
                       " AND p.plan = $3 AND p.state = 'open') UPDATE"
                       " keystore.import_plan SET plan = $3, source = $4,"
                       " parts = $5::integer, digest = $6::bytea, state ="
                       " 'open' WHERE tenant = $1::uuid AND id = $2::uuid", 6,
                       params) : -1;
}


static int
row_take(roster_planned_t *planned, const PGresult *res)
{
    size_t       len, digest;
    uint8_t      sealed[ROSTER_PLANNED_KEY];
    pupil_str_t  key;

    if (ctl_get_uuid(res, 0, COLUMN_ID, &planned->id) != 0
        || ctl_get_bytes(res, 0, COLUMN_KEY, sealed, sizeof(sealed), &len) != 0
        || ctl_get_bytes(res, 0, COLUMN_DIGEST, planned->digest,
                         PUPIL_HASH_LEN, &digest) != 0)
    {
        return ctl_error("a row of keystore.import_plan is malformed");
    }

    ctl_uuid_text(&planned->id, planned->text);
    snprintf(planned->by, sizeof(planned->by), "%s",
             PQgetvalue(res, 0, COLUMN_BY));
    snprintf(planned->begun, sizeof(planned->begun), "%s",
             PQgetvalue(res, 0, COLUMN_BEGUN));
    snprintf(planned->source, sizeof(planned->source), "%s",
             PQgetvalue(res, 0, COLUMN_SOURCE));
    planned->parts = (uint32_t) ctl_get_int(res, 0, COLUMN_PARTS, 0);

    key.data = sealed;
    key.len = len;

    return roster_planned_key_open(planned, key);
}


int
roster_planned_find(roster_planned_t *planned, const char *plan)
{
    int          rc;
    ctl_t       *ctl;
    PGresult    *res;
    const char  *params[2];

    ctl = planned->ctl;
    params[0] = ctl->tenant_text;
    params[1] = plan;
    snprintf(planned->plan, sizeof(planned->plan), "%s", plan);

    res = ctl_ask(ctl, ctl->keys, find_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) == 0) {
        rc = ctl_error("there is no plan %s of this tenant's: it is over %d"
                       " days old, or somebody was erased since", plan,
                       ROSTER_PLANNED_DAYS);

    } else if (strcmp(PQgetvalue(res, 0, COLUMN_STATE), "used") == 0) {
        rc = ctl_error("plan %s was applied", plan);

    } else {
        rc = row_take(planned, res);
    }

    PQclear(res);

    return rc;
}


int
roster_planned_maker(ctl_t *ctl, const char *plan, char by[65])
{
    const char  *text, *params[2];

    params[0] = ctl->tenant_text;
    params[1] = plan;
    by[0] = '\0';

    if (ctl_query_text(ctl, ctl->keys, "SELECT p.made_by FROM"
                       " keystore.import_plan AS p WHERE p.tenant = $1::uuid"
                       " AND p.plan = $2 AND p.made_at >= " OLD " AND p.state ="
                       " 'open'", 2, params, &text) != 0)
    {
        return -1;
    }

    snprintf(by, 65, "%s", text != NULL ? text : "");

    return 0;
}


int
roster_planned_begun(roster_planned_t *planned)
{
    ctl_t       *ctl;
    const char  *params[3];

    ctl = planned->ctl;
    params[0] = ctl->tenant_text;
    params[1] = planned->text;
    params[2] = ctl->account;

    return ctl_write(ctl, ctl->keys, "UPDATE keystore.import_plan SET state ="
                     " 'begun', begun_at = now(), accepted_by = $3 WHERE"
                     " tenant = $1::uuid AND id = $2::uuid AND state = 'open'",
                     3, params);
}


int
roster_planned_used(roster_planned_t *planned)
{
    ctl_t       *ctl;
    const char  *params[2];

    ctl = planned->ctl;
    params[0] = ctl->tenant_text;
    params[1] = planned->text;

    return ctl_write(ctl, ctl->keys, "UPDATE keystore.import_plan SET state ="
                     " 'used', key = NULL WHERE tenant = $1::uuid AND id ="
                     " $2::uuid", 2, params) == 0
           && ctl_write(ctl, ctl->data, "DELETE FROM pupil.import_part AS p"
                        " WHERE p.tenant = $1::uuid AND p.id = $2::uuid", 2,
                        params) == 0
           ? roster_note_state(ctl, planned->text, "done") : -1;
}


/* Those that are there, of which parts may be, and of which notes may. */
static int
forget(ctl_t *ctl)
{
    int          rc;
    int          i;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;

    if (ctl_write(ctl, ctl->keys, "DELETE FROM keystore.import_plan AS p WHERE"
                  " p.tenant = $1::uuid AND (p.made_at < " OLD " OR p.state ="
                  " 'making')", 1, params) != 0)
    {
        return -1;
    }

    res = ctl_ask_one(ctl, ctl->keys, "SELECT coalesce(array_agg(p.id) FILTER"
                      " (WHERE p.key IS NOT NULL), '{}')::text,"
                      " coalesce(array_agg(p.id), '{}')::text FROM"
                      " keystore.import_plan AS p WHERE p.tenant = $1::uuid",
                      1, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (i = 0; rc == 0 && i < (int) PUPIL_COUNT(forget_sql); i++) {
        params[1] = PQgetvalue(res, 0, i);
        rc = ctl_write(ctl, ctl->data, forget_sql[i], 2, params);
    }

    PQclear(res);

    return rc;
}


/* One that is being made, or applied, is not this job's. */
int
ctl_plans_forget(ctl_t *ctl)
{
    int  rc;

    rc = ctl_turn_take(ctl);

    if (rc != 0) {
        return rc < 0 ? -1 : 0;
    }

    rc = forget(ctl);
    ctl_turn_give(ctl);

    return rc;
}
