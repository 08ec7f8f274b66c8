/*
 * Copyright (C) the Pupil authors
 *
 * /v1/pupils/{id}/login-code: the statements.  The teacher is shown the name
 * that the pupil logs in with, and nothing else of the credential is read
 * (invariant I3): the code is made of the floors in the key store.
 */

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/login_code.h"


static const char  hand_sql[] =
    "WITH audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects,"
    " note) SELECT {audit_values}, {number}, {macs}, 'allowed', ARRAY[$8],"
    " '" PUPIL_LOGIN_NOTE_CODE "' RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "1");


const pupil_audit_choice_t  pupil_code_handed[1] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED }
};


#define NAME                                                                  \
    .category = "credential", .field = "login_id",                            \
    .purpose = PUPIL_PURPOSE_AUTHENTICATION,                                  \
    .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,    \
    .about = PUPIL_ABOUT_SUBJECTS, .flags = PUPIL_WANT_REQUIRED

static const pupil_want_t  find_wants[] = {
    [PUPIL_CODE_WANT_LOGIN_ID] = { .alias = "c", NAME }
};

static const pupil_want_t  hand_wants[] = {
    { NAME }
};


static const pupil_template_t  code_templates[PUPIL_CODE_COUNT] = {

    [PUPIL_CODE_RESERVE] = {
        .name = "login code reserve",
        .sql = pupil_login_reserve_sql,
        .fixed = PUPIL_LR_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_INT4 }
    },

    [PUPIL_CODE_TELL] = {
        .name = "login code tell",
        .sql = pupil_login_tell_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(hand_wants),
        .params = { PUPIL_PARAM_BYTEA_ARRAY },
        .records = 1
    },

    [PUPIL_CODE_FIND] = {
        .name = "login code find",
        .sql = pupil_login_pupil_sql,
        .fixed = PUPIL_LF_COLUMNS,
        .tables = { "credential" },
        PUPIL_WANTS(find_wants),
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_CODE_TEACHES] = {
        .name = "login code teaches",
        .sql = pupil_teaches_sql,
        .fixed = PUPIL_DE_COLUMNS,
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_CODE_HAND] = {
        .name = "login code hand",
        .sql = hand_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(hand_wants),
        .params = { PUPIL_PARAM_UUID },
        .records = 1
    }
};


const pupil_endpoint_t  pupil_login_code_endpoint = {
    .name = "login_code",
    .directive = "pupil_login_code",
    .templates = code_templates,
    .count = PUPIL_CODE_COUNT
};
