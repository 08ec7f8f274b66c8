/*
 * Copyright (C) the Pupil authors
 *
 * /v1/support: the statements, and what a client sends.  No plugin grants that
 * somebody lets support in; what support reads then is by plugins' grants.
 */

#include <stddef.h>
#include <string.h>

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/login.h"
#include "core/endpoints/support.h"
#include "core/input/rule.h"


#define CODE_MAX     32         /* bytes, as it is sent */
#define MINUTES_MAX  1440

/* For the record alone, as there is no category of that name. */
#define REDEEM                                                                \
    .category = "support_grant", .field = "",                                 \
    .purpose = PUPIL_PURPOSE_SUPPORT,                                         \
    .relation = PUPIL_RELATION_SUPPORT_GRANT,                                 \
    .operation = PUPIL_OPERATION_WRITE, .about = PUPIL_ABOUT_SUBJECTS,        \
    .flags = PUPIL_WANT_ASKED


static const pupil_rule_t  grant_rules[] = {
    { .name = "minutes", .kind = RULE_NUMBER, .min = 1, .max = MINUTES_MAX }
};

static const pupil_rule_t  code_rules[] = {
    { .name = "code", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = CODE_MAX,
      .offset = offsetof(pupil_input_code_t, code) }
};


/* Parameters and columns of each are told in support.h. */

static const char  find_sql[] =
    "SELECT $1::bigint, " PUPIL_SQL_SUPPORT("g")
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.support_grant AS g ON g.tenant = $2 AND g.code = $8";

/* Nothing else was done to it since it was read, and its owner has rights. */
static const char  redeem_sql[] =
    "WITH taken AS ("
    "UPDATE pupil.support_grant AS g SET actor = $4, redeemed_at = $11,"
    " session = $12, mac = $13"
    " WHERE g.tenant = $2 AND g.support_grant = $8 AND g.mac = $9"
    " AND g.subject = $10 AND EXISTS (SELECT FROM pupil.owner AS o"
    " WHERE o.tenant = $2 AND o.owner = $10 AND o.state = 'active')"
    " RETURNING 1),"
    " back AS ("
    "UPDATE pupil.login_throttle AS t SET failures = 0,"
    " not_before = t.last_at FROM taken"
    " WHERE t.tenant = $2 AND t.bucket = $14),"
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM taken))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects,"
    " note) SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END, ARRAY[$10],"
    " '" PUPIL_SUPPORT_NOTE "' || $8 FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w") ","
    " (SELECT count(*) FROM taken)";


const pupil_audit_choice_t  pupil_support_makes[PUPIL_SUPPORT_CHOICES] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED },
    { .outcome = PUPIL_OUTCOME_REFUSED, .choice = 1 }
};

const pupil_audit_choice_t  pupil_support_ends[PUPIL_SUPPORT_CHOICES] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED },
    { .outcome = PUPIL_OUTCOME_NOT_FOUND, .choice = 1 }
};


static const pupil_want_t  redeem_wants[] = {
    { REDEEM }
};


static const pupil_template_t  support_templates[PUPIL_SUPPORT_COUNT] = {

    [PUPIL_SUPPORT_RESERVE] = {
        .name = "support reserve",
        .sql = pupil_login_reserve_sql,
        .fixed = PUPIL_LR_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_INT4 }
    },

    [PUPIL_SUPPORT_TELL] = {
        .name = "support tell",
        .sql = pupil_login_tell_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(redeem_wants),
        .params = { PUPIL_PARAM_BYTEA_ARRAY },
        .records = 1
    },

    [PUPIL_SUPPORT_FIND] = {
        .name = "support find",
        .sql = find_sql,
        .fixed = PUPIL_SF_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA }
    },

    [PUPIL_SUPPORT_REDEEM] = {
        .name = "support redeem",
        .sql = redeem_sql,
        .fixed = PUPIL_SU_COLUMNS,
        PUPIL_WANTS(redeem_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA },
        .records = PUPIL_SUPPORT_CHOICES
    }
};


const pupil_endpoint_t  pupil_support_endpoint = {
    .name = "support",
    .directive = "pupil_support",
    .templates = support_templates,
    .count = PUPIL_SUPPORT_COUNT
};


pupil_rc_t
pupil_input_grant(const pupil_alloc_t *alloc, const pupil_str_t *body,
    uint32_t longest, uint32_t *seconds, pupil_fault_t *fault)
{
    pupil_rc_t            rc;
    pupil_body_t          in;
    pupil_input_number_t  minutes;

    memset(&minutes, 0, sizeof(minutes));
    *seconds = longest;

    rc = pupil_rule_body(&in, alloc, body, grant_rules,
                         pupil_rule_count(grant_rules), &minutes, fault);

    if (rc != PUPIL_OK || minutes.raw.data == NULL) {
        return rc;
    }

    if (minutes.value % PUPIL_DECIMAL_SCALE != 0) {
        return pupil_rule_refuse_member(&in, 0, "minutes", "multipleOf");
    }

    *seconds = (uint32_t) (minutes.value / PUPIL_DECIMAL_SCALE) * 60;

    return *seconds <= longest
           ? PUPIL_OK
           : pupil_rule_refuse_member(&in, 0, "minutes", "maximum");
}


pupil_rc_t
pupil_input_code(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_code_t *out, pupil_fault_t *fault)
{
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_code_t));

    return pupil_rule_body(&in, alloc, body, code_rules,
                           pupil_rule_count(code_rules), out, fault);
}
