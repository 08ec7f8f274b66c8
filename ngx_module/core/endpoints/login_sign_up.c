/*
 * Copyright (C) the Pupil authors
 *
 * Who signs up: nobody is looked up for it, so that whoever asks is answered
 * alike, whether the address has an account or not (invariant I13).
 */

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/login.h"
#include "core/endpoints/login_sql.h"


/* What is written is known by nobody yet but the system. */
#define WRITTEN                                                               \
    .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,    \
    .about = PUPIL_ABOUT_SUBJECTS

const pupil_want_t  pupil_login_sign_up_wants[1] = {
    { .category = "contact", .field = "email",
      .purpose = PUPIL_PURPOSE_ROSTERING, WRITTEN }
};

const pupil_want_t  pupil_login_confirm_wants[4] = {
    { .category = "contact", .field = "email",
      .purpose = PUPIL_PURPOSE_ROSTERING, WRITTEN },
    { .category = "identity", .field = "given_name",
      .purpose = PUPIL_PURPOSE_ROSTERING, WRITTEN },
    { .category = "identity", .field = "family_name",
      .purpose = PUPIL_PURPOSE_ROSTERING, WRITTEN },
    { .category = "credential", .field = "password_hash",
      .purpose = PUPIL_PURPOSE_AUTHENTICATION, WRITTEN }
};


/* Whether there is a mail says how often the address was named, no more. */
const char  pupil_login_sign_up_sql[] =
    "WITH " PUPIL_SQL_MAIL_DUE("$8") ","
    " asked AS ("
    "INSERT INTO pupil.sign_up (tenant, subject, institution, trial, language,"
    " asked_at, sealed, mac)"
    " SELECT $2, $9, $10, $11, $12, $13, $14, $15 FROM due RETURNING 1),"
    " mail AS ("
    "INSERT INTO pupil.outbox (tenant, mail, subject, kind, language, link,"
    " created_at, mac)"
    " SELECT $2, $3, $9, '" PUPIL_MAIL_SIGN_UP "', $12, $16, $13, $17"
    " FROM asked RETURNING 1),"
    PUPIL_SQL_PURGED("ARRAY[$8]") ","
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM mail))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, note)"
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END,"
    " '" PUPIL_LOGIN_NOTE_SIGN_UP "' FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w");

const char  pupil_login_signed_up_sql[] =
    "SELECT $1::bigint, s.subject, s.institution, s.trial, s.language,"
    " s.asked_at, s.sealed, s.mac"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.sign_up AS s ON s.tenant = $2 AND s.subject = $8"
    " AND s.confirmed_at IS NULL";

/* Of several at once the one whose row is still as it was read. */
const char  pupil_login_confirm_sql[] =
    "WITH confirmed AS ("
    "UPDATE pupil.sign_up AS s SET confirmed_at = $10, sealed = $11, mac = $12"
    " WHERE s.tenant = $2 AND s.subject = $8 AND s.mac = $9"
    " AND s.confirmed_at IS NULL RETURNING 1),"
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM confirmed))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects,"
    " note) SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END, ARRAY[$8],"
    " '" PUPIL_LOGIN_NOTE_SIGN_UP "' FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w") ","
    " (SELECT count(*) FROM confirmed)";
