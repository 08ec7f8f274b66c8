/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "core/endpoints/requests.h"
#include "ctl/base/buf.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/requests/rows.h"
#include "ctl/store/keys.h"
#include "ctl/store/owners.h"


#define MICROSECONDS(column)                                                  \
    "(extract(epoch FROM " column ") * 1000000)::bigint"

#define COLUMNS                                                               \
    "SELECT r.request, r.subject, r.kind, r.state, r.condition, r.reference," \
    " r.received_on - DATE '1970-01-01', r.due_on - DATE '1970-01-01', "      \
    MICROSECONDS("r.created_at") ", " MICROSECONDS("r.changed_at") ","        \
    " r.erasure, r.mac FROM pupil.request AS r WHERE r.tenant = $1::uuid"

/* Of COLUMNS: those of PUPIL_CQ_*. */

/* What a statement that writes a row has. */
enum {
    PARAM_TENANT = 0,
    PARAM_REQUEST,
    PARAM_SUBJECT,
    PARAM_KIND,
    PARAM_STATE,
    PARAM_CONDITION,
    PARAM_REFERENCE,
    PARAM_RECEIVED_ON,
    PARAM_DUE_ON,
    PARAM_CREATED_AT,
    PARAM_CHANGED_AT,
    PARAM_ERASURE,
    PARAM_MAC,
    PARAMS
};

typedef struct {
    const char  *values[PARAMS];
    char         days[2][16];
    char         times[2][PUPIL_TIME_TEXT_MAX + 1];
    char         erasure[24];
    char         mac[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
} params_t;


static int row_read(ctl_t *ctl, const PGresult *res, int n,
    ctl_request_t *request);
static void row_rules(ctl_request_t *request);
static int row_params(ctl_t *ctl, ctl_request_t *request, params_t *params);
static pupil_str_t text_get(ctl_t *ctl, const PGresult *res, int n, int col);
static const char *text_of(ctl_t *ctl, pupil_str_t text);
static int place_owner(ctl_t *ctl, const ctl_request_t *request,
    ctl_owner_t *owner);
static int text_open(ctl_t *ctl, const ctl_place_t *place, const char *hex,
    pupil_str_t *value);


const char *const  ctl_request_texts[CTL_REQUEST_TEXTS] = {
    "categories", "text", "extension", "reason", "behalf"
};

const ctl_access_t  ctl_request_read = {
    .category = PUPIL_REQUEST_CATEGORY,
    .fields = "",
    .purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};

const ctl_access_t  ctl_request_write = {
    .category = PUPIL_REQUEST_CATEGORY,
    .fields = "",
    .purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_request_find(ctl_t *ctl, const char *id, int change,
    ctl_request_t *request)
{
    int           rc;
    PGresult     *res;
    const char   *params[2];

    params[0] = ctl->tenant_text;
    params[1] = id;

    res = ctl_query(ctl->data, change
                    ? COLUMNS " AND r.request = $2::uuid FOR UPDATE"
                    : COLUMNS " AND r.request = $2::uuid", 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 1 ? row_read(ctl, res, 0, request) : 2;
    PQclear(res);

    /* an authentic row of another request is none of this one (I20) */
    if (rc == 0 && strcmp(request->id, id) != 0) {
        rc = 1;
    }

    if (rc == 1) {
        (void) ctl_request_record(ctl, request, change ? &ctl_request_write
                                                       : &ctl_request_read,
                                  "tampered", "row=request");
        (void) ctl_commit(ctl->data);
        return ctl_error("the row of this request in pupil.request was changed"
                         " by somebody without the keys: restore it from a"
                         " backup");
    }

    return rc == 0 ? 1 : rc == 2 ? 0 : -1;
}


int
ctl_request_list(ctl_t *ctl, const char *subject, ctl_request_t **list,
    size_t *count)
{
    int          n, rc;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = subject;

    res = subject != NULL
          ? ctl_query(ctl->data, COLUMNS " AND r.subject = $2::uuid ORDER BY"
                      " r.created_at DESC, r.request", 2, params)
          : ctl_query(ctl->data, COLUMNS " AND r.state IN ('received',"
                      " 'extended', 'granted', 'partly') ORDER BY r.due_on,"
                      " r.created_at, r.request", 1, params);
    if (res == NULL) {
        return -1;
    }

    *count = 0;
    *list = ctl_pool_alloc(&ctl->pool, ((size_t) PQntuples(res) + 1)
                                       * sizeof(ctl_request_t));

    for (n = 0, rc = 0; rc >= 0 && n < PQntuples(res); n++) {
        rc = row_read(ctl, res, n, *list + *count);

        if (rc == 1) {
            ctl_note("request %s was changed by somebody without the keys:"
                     " restore it from a backup", (*list)[*count].id);

            if (ctl_request_record(ctl, *list + *count, &ctl_request_read,
                                   "tampered", "row=request") != 0)
            {
                rc = -1;
            }
        }

        *count += rc == 0;
    }

    PQclear(res);

    return rc < 0 ? -1 : 0;
}


/* 0; 1: nobody has written it; -1. */
static int
row_read(ctl_t *ctl, const PGresult *res, int n, ctl_request_t *request)
{
    uint8_t               mac[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t           was;
    const pupil_key_t    *key;
    pupil_request_row_t  *row;

    memset(request, 0, sizeof(ctl_request_t));
    row = &request->row;
    row->tenant = ctl->tenant;

    key = ctl_key(ctl, "mac");

    if (key == NULL || ctl_get_uuid(res, n, PUPIL_CQ_REQUEST, &row->request)
                       != 0
        || ctl_get_uuid(res, n, PUPIL_CQ_SUBJECT, &row->subject) != 0)
    {
        return -1;
    }

    row->kind = text_get(ctl, res, n, PUPIL_CQ_KIND);
    row->state = text_get(ctl, res, n, PUPIL_CQ_STATE);
    row->condition = text_get(ctl, res, n, PUPIL_CQ_CONDITION);
    row->reference = text_get(ctl, res, n, PUPIL_CQ_REFERENCE);
    row->received_on = ctl_get_int(res, n, PUPIL_CQ_RECEIVED_ON, 0);
    row->due_on = ctl_get_int(res, n, PUPIL_CQ_DUE_ON, 0);
    row->created_at = strtoll(PQgetvalue(res, n, PUPIL_CQ_CREATED_AT), NULL,
                              10);
    row->changed_at = strtoll(PQgetvalue(res, n, PUPIL_CQ_CHANGED_AT), NULL,
                              10);
    row->erasure = strtoull(PQgetvalue(res, n, PUPIL_CQ_ERASURE), NULL, 10);

    was.data = stored;
    ctl_get_bytes(res, n, PUPIL_CQ_MAC, stored, sizeof(stored), &was.len);

    row_rules(request);
    pupil_mac_request(key, row, mac);

    return pupil_mac_check(mac, was) != PUPIL_OK
           || request->rules.kind == PUPIL_REQUEST_KINDS
           || request->rules.state == PUPIL_REQUEST_STATES;
}


static void
row_rules(ctl_request_t *request)
{
    const pupil_request_row_t  *row;

    row = &request->row;

    request->rules.kind = pupil_request_kind(row->kind);
    request->rules.state = pupil_request_state(row->state);
    request->rules.received = row->received_on;
    request->rules.due = row->due_on;

    ctl_uuid_text(&row->request, request->id);

    if (!pupil_uuid_is_zero(&row->subject)) {
        ctl_uuid_text(&row->subject, request->subject);
    }
}


int
ctl_request_add(ctl_t *ctl, ctl_request_t *request)
{
    params_t  params;

    request->row.created_at = ctl_now();

    if (row_params(ctl, request, &params) != 0) {
        return -1;
    }

    return ctl_exec(ctl->data, "INSERT INTO pupil.request (tenant, request,"
                    " subject, kind, state, condition, reference, received_on,"
                    " due_on, created_at, changed_at, erasure, mac) VALUES"
                    " ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7, $8::date,"
                    " $9::date, $10::timestamptz, $11::timestamptz,"
                    " $12::bigint, $13::bytea)", PARAMS, params.values);
}


/* What is closed is none of the ten that may be open. */
int
ctl_request_update(ctl_t *ctl, ctl_request_t *request)
{
    params_t  params;

    if (row_params(ctl, request, &params) != 0) {
        return -1;
    }

    return ctl_exec(ctl->data, "UPDATE pupil.request AS r SET subject ="
                    " $3::uuid, state = $5, condition = $6, reference = $7,"
                    " due_on = $9::date,"
                    " changed_at = $11::timestamptz, erasure = $12::bigint,"
                    " mac = $13::bytea, slot = CASE WHEN $5 IN ('refused',"
                    " 'executed', 'forwarded') THEN NULL ELSE r.slot END WHERE"
                    " r.tenant = $1::uuid AND r.request = $2::uuid AND"
                    " r.kind = $4 AND r.received_on = $8::date AND"
                    " r.created_at = $10::timestamptz", PARAMS, params.values);
}


static int
row_params(ctl_t *ctl, ctl_request_t *request, params_t *params)
{
    int                   i;
    uint8_t               mac[PUPIL_MAC_LEN];
    pupil_time_t          times[2];
    const pupil_key_t    *key;
    pupil_request_row_t  *row;

    row = &request->row;
    row->tenant = ctl->tenant;
    row->changed_at = ctl_now();
    row_rules(request);

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    pupil_mac_request(key, row, mac);

    times[0] = row->created_at;
    times[1] = row->changed_at;

    for (i = 0; i < 2; i++) {
        params->times[i][pupil_time_format(times[i],
                                           (uint8_t *) params->times[i])]
            = '\0';
    }

    snprintf(params->erasure, sizeof(params->erasure), "%llu",
             (unsigned long long) row->erasure);

    params->values[PARAM_TENANT] = ctl->tenant_text;
    params->values[PARAM_REQUEST] = request->id;
    params->values[PARAM_SUBJECT] = request->subject[0] != '\0'
                                    ? request->subject : NULL;
    params->values[PARAM_KIND] = text_of(ctl, row->kind);
    params->values[PARAM_STATE] = text_of(ctl, row->state);
    params->values[PARAM_CONDITION] = text_of(ctl, row->condition);
    params->values[PARAM_REFERENCE] = text_of(ctl, row->reference);
    params->values[PARAM_RECEIVED_ON] = ctl_request_day(row->received_on,
                                                        params->days[0]);
    params->values[PARAM_DUE_ON] = ctl_request_day(row->due_on,
                                                   params->days[1]);
    params->values[PARAM_CREATED_AT] = params->times[0];
    params->values[PARAM_CHANGED_AT] = params->times[1];
    params->values[PARAM_ERASURE] = params->erasure;
    params->values[PARAM_MAC] = ctl_bytea(mac, pupil_mac_len(mac),
                                          params->mac);

    return 0;
}


static pupil_str_t
text_get(ctl_t *ctl, const PGresult *res, int n, int col)
{
    return ctl_str(text_of(ctl, ctl_get_str(res, n, col)));
}


static const char *
text_of(ctl_t *ctl, pupil_str_t text)
{
    return text.len != 0 ? ctl_pool_text(&ctl->pool, (const char *) text.data,
                                         text.len) : "";
}


const char *
ctl_request_day(int32_t day, char out[16])
{
    out[pupil_date_format(day, (uint8_t *) out)] = '\0';

    return out;
}


int
ctl_request_record(ctl_t *ctl, const ctl_request_t *request,
    const ctl_access_t *access, const char *outcome, const char *detail)
{
    int           rc;
    ctl_buf_t     text;
    ctl_access_t  this;

    this = *access;

    if (request->subject[0] == '\0') {
        this.about = "none";
    }

    ctl_buf_init(&text);
    ctl_buf_printf(&text, "request=%s%s%s", request->id,
                   detail != NULL ? " " : "", detail != NULL ? detail : "");

    rc = ctl_record_one(ctl, &this, outcome, request->subject[0] != '\0'
                        ? &request->row.subject : NULL, text.data);
    ctl_buf_free(&text);

    return rc;
}


/* Restricted or not: what is asked, and answered, is what the law leaves. */
int
ctl_request_say(ctl_t *ctl, const ctl_request_t *request, const char *field,
    pupil_str_t value)
{
    int                    rc;
    char                  *hex;
    size_t                 len;
    uint8_t               *sealed;
    ctl_buf_t              sql;
    const char            *params[4];
    ctl_place_t            place;
    ctl_owner_t            owner;
    pupil_place_t          where;
    const pupil_subkey_t  *key;

    if (place_owner(ctl, request, &owner) != 0) {
        return -1;
    }

    if (owner.state == PUPIL_OWNER_STATE_ERASED) {
        return 0;               /* nobody is left to be told */
    }

    place.owner = &owner;
    place.category = PUPIL_REQUEST_CATEGORY;
    place.field = field;
    place.record = &request->row.request;

    if (ctl_place_key(ctl, &place, 1, &where, &key) != 0) {
        return -1;
    }

    len = pupil_seal_size(value.len);
    sealed = ctl_pool_alloc(&ctl->pool, len + 1);
    hex = ctl_pool_alloc(&ctl->pool, CTL_BYTEA_SIZE(len));

    if (pupil_seal(key, &where, value.data, value.len, sealed) != PUPIL_OK) {
        return ctl_error("what was said cannot be sealed");
    }

    params[0] = ctl->tenant_text;
    params[1] = request->id;
    params[2] = request->subject;
    params[3] = ctl_bytea(sealed, len, hex);

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "INSERT INTO pupil.request_text AS t (tenant,"
                   " request, subject, \"%s\") SELECT $1::uuid, $2::uuid,"
                   " $3::uuid, $4::bytea WHERE EXISTS (SELECT FROM pupil.owner"
                   " AS o WHERE o.tenant = $1::uuid AND o.owner = $3::uuid AND"
                   " o.state <> 'erased') ON CONFLICT (tenant, request) DO"
                   " UPDATE SET \"%s\" = EXCLUDED.\"%s\"", field, field,
                   field);

    rc = ctl_exec(ctl->data, sql.data, 4, params);
    ctl_buf_free(&sql);

    return rc;
}


int
ctl_request_part(ctl_t *ctl, const ctl_request_t *request)
{
    int          part;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = request->id;

    res = ctl_query(ctl->data, "SELECT FROM pupil.request_text AS t WHERE"
                    " t.tenant = $1::uuid AND t.request = $2::uuid AND"
                    " t.categories IS NOT NULL", 2, params);
    if (res == NULL) {
        return -1;
    }

    part = PQntuples(res) != 0;
    PQclear(res);

    return part;
}


int
ctl_request_said(ctl_t *ctl, const ctl_request_t *request,
    pupil_str_t values[CTL_REQUEST_TEXTS])
{
    int           i, rc;
    PGresult     *res;
    const char   *params[3];
    ctl_place_t   place;
    ctl_owner_t   owner;

    memset(values, 0, CTL_REQUEST_TEXTS * sizeof(pupil_str_t));

    params[0] = ctl->tenant_text;
    params[1] = request->id;
    params[2] = request->subject;

    if (request->subject[0] == '\0') {
        return 0;
    }

    res = ctl_query(ctl->data, "SELECT t.categories, t.text, t.extension,"
                    " t.reason, t.behalf FROM pupil.request_text AS t WHERE"
                    " t.tenant = $1::uuid AND t.request = $2::uuid AND"
                    " t.subject = $3::uuid", 3, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 1 ? place_owner(ctl, request, &owner) : 0;

    /* an erasure that is under way has the key before the rows */

    if (rc != 0 || PQntuples(res) != 1
        || owner.state == PUPIL_OWNER_STATE_ERASED)
    {
        PQclear(res);
        return rc;
    }

    place.owner = &owner;
    place.category = PUPIL_REQUEST_CATEGORY;
    place.record = &request->row.request;

    for (i = 0; rc == 0 && i < CTL_REQUEST_TEXTS; i++) {
        place.field = ctl_request_texts[i];

        if (!PQgetisnull(res, 0, i)) {
            rc = text_open(ctl, &place, PQgetvalue(res, 0, i), &values[i]);
        }
    }

    PQclear(res);

    return rc;
}


static int
place_owner(ctl_t *ctl, const ctl_request_t *request, ctl_owner_t *owner)
{
    ctl_owner_t  *list[1];

    memset(owner, 0, sizeof(ctl_owner_t));
    owner->id = request->row.subject;
    list[0] = owner;

    if (ctl_owners_fetch(ctl, list, 1) != 0) {
        return -1;
    }

    /* of a closed account: what was asked is answered all the same */

    if (owner->state == PUPIL_OWNER_STATE_RECOVERY) {
        owner->state = PUPIL_OWNER_STATE_RESTRICTED;
    }

    return 0;
}


/* hex: of a bytea. */
static int
text_open(ctl_t *ctl, const ctl_place_t *place, const char *hex,
    pupil_str_t *value)
{
    size_t                 len, size;
    uint8_t               *sealed, *out;
    pupil_place_t          where;
    const pupil_subkey_t  *key;

    size = strlen(hex) / 2 + 1;
    sealed = ctl_pool_alloc(&ctl->pool, size);
    out = ctl_pool_alloc(&ctl->pool, size);

    if (ctl_place_key(ctl, place, 1, &where, &key) != 0) {
        return -1;
    }

    if (strlen(hex) < 2
        || pupil_hex_decode((const uint8_t *) hex + 2, strlen(hex) - 2, sealed,
                            size, &len) != PUPIL_OK
        || pupil_open(key, &where, sealed, len, out, value) != PUPIL_OK)
    {
        return ctl_error("what was said with this request is not what was"
                         " stored: restore it from a backup");
    }

    return 0;
}
