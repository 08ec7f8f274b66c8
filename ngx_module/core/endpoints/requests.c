/*
 * Copyright (C) the Pupil authors
 *
 * What people ask for of their data: no plugin grants that, and none can take
 * it away.  Whoever is restricted asks, too.
 */

#include <stddef.h>
#include <string.h>

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/requests.h"
#include "core/input/rule.h"


/* A category, or a field of one: category.field. */
#define NAME_MAX_LEN  128

#define SEALED(t)                                                             \
    t ".categories, " t ".text, " t ".extension, " t ".reason, " t ".behalf"


typedef struct {
    pupil_uuid_t  id;
    pupil_str_t   kind, text;
} sent_t;


static const pupil_rule_t  request_rules[] = {
    { .name = "id", .kind = RULE_UUID, .flags = RULE_REQUIRED,
      .offset = offsetof(sent_t, id) },
    { .name = "kind", .kind = RULE_NAME, .flags = RULE_REQUIRED,
      .min = 1, .max = 32, .offset = offsetof(sent_t, kind) },
    { .name = "categories", .kind = RULE_LIST,
      .min = 1, .max = PUPIL_REQUEST_CATEGORIES_MOST },
    { .name = "text", .kind = RULE_TEXT,
      .min = 1, .max = PUPIL_REQUEST_TEXT_MAX,
      .offset = offsetof(sent_t, text) }
};

enum {
    REQUEST_CATEGORIES = 2
};

static const pupil_rule_t  category_rule = {
    .name = "", .kind = RULE_NAME, .min = 1, .max = NAME_MAX_LEN
};


const char  pupil_request_look_sql[] =
    "SELECT $1::bigint, o.owner, o.state, o.key_version, "
    PUPIL_SQL_REQUEST("r") ", " SEALED("t")
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN " PUPIL_SQL_OWNER("o", "$4") " ON true"
    " LEFT JOIN pupil.request AS r ON r.tenant = $2 AND r.request = $8"
    " AND r.subject = $4"
    " LEFT JOIN pupil.request_text AS t ON t.tenant = $2 AND t.request = $8"
    " AND t.subject = $4";

const char  pupil_request_make_sql[] =
    "WITH made AS MATERIALIZED ("
    "SELECT pupil.file_request($8, $4, $9, DATE '1970-01-01' + $10,"
    " DATE '1970-01-01' + $11, $12, $13, $14, $15) AS slot),"
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM made AS m WHERE m.slot > 0))::integer"
    " AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END"
    " FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w") ","
    " (SELECT m.slot::integer FROM made AS m)";

const char  pupil_requests_sql[] =
    "SELECT $1::bigint, o.owner, o.state, o.key_version, "
    PUPIL_SQL_REQUEST_READ("r") ", " SEALED("r")
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (" PUPIL_SQL_OWNER("o", "$4")
    " JOIN " PUPIL_SQL_EACH("SELECT " PUPIL_SQL_REQUEST("r") ", " SEALED("t")
    " FROM (SELECT r.* FROM pupil.request AS r WHERE r.tenant = $2"
    " AND r.subject = $4 AND (r.created_at, r.request) < ($8, $9)"
    " ORDER BY r.created_at DESC, r.request DESC LIMIT $10) AS r"
    " LEFT JOIN pupil.request_text AS t ON t.tenant = $2"
    " AND t.request = r.request AND t.subject = $4") " AS r ON true)"
    " ON true ORDER BY r.created_at DESC, r.request DESC";


static pupil_rc_t request_categories(pupil_body_t *in, uint32_t list,
    pupil_str_t *out);
static int request_name(pupil_str_t name);


pupil_rc_t
pupil_input_request(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_request_t *out, pupil_fault_t *fault)
{
    sent_t        sent;
    uint32_t      list;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_request_t));
    memset(&sent, 0, sizeof(sent_t));

    rc = pupil_rule_body(&in, alloc, body, request_rules,
                         pupil_rule_count(request_rules), &sent, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    out->id = sent.id;
    out->text = sent.text;
    out->kind = pupil_request_kind(sent.kind);

    if (out->kind == PUPIL_REQUEST_KINDS) {
        return pupil_rule_refuse_member(&in, 0, "kind", "enum");
    }

    list = pupil_json_member(&in.json, 0,
                             request_rules[REQUEST_CATEGORIES].name);

    return list == PUPIL_JSON_NONE
           ? PUPIL_OK : request_categories(&in, list, &out->categories);
}


/* One behind the other, each once. */
static pupil_rc_t
request_categories(pupil_body_t *in, uint32_t list, pupil_str_t *out)
{
    size_t        len;
    uint8_t      *text;
    uint32_t      i, n, node;
    pupil_rc_t    rc;
    pupil_str_t   names[PUPIL_REQUEST_CATEGORIES_MOST];

    text = in->alloc->alloc(in->alloc->ctx, PUPIL_REQUEST_CATEGORIES_MOST
                                            * (NAME_MAX_LEN + 1));
    if (text == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (node = pupil_json_first(&in->json, list), n = 0, len = 0;
         node != PUPIL_JSON_NONE;
         node = pupil_json_next(&in->json, node), n++)
    {
        memset(&names[n], 0, sizeof(pupil_str_t));

        rc = pupil_rule_member(in, node, &category_rule, &names[n]);
        if (rc != PUPIL_OK) {
            return rc;
        }

        if (!request_name(names[n])) {
            return pupil_rule_refuse(in, node, "pattern");
        }

        for (i = 0; i < n; i++) {
            if (names[i].len == names[n].len
                && memcmp(names[i].data, names[n].data, names[n].len) == 0)
            {
                return pupil_rule_refuse(in, node, "uniqueItems");
            }
        }

        if (n > 0) {
            text[len++] = ' ';
        }

        memcpy(text + len, names[n].data, names[n].len);
        len += names[n].len;
    }

    out->data = text;
    out->len = len;

    return PUPIL_OK;
}


static int
request_name(pupil_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if ((name.data[i] < 'a' || name.data[i] > 'z')
            && (name.data[i] < '0' || name.data[i] > '9')
            && name.data[i] != '_' && name.data[i] != '.')
        {
            return 0;
        }
    }

    return 1;
}
