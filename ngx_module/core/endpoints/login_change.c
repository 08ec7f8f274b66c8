/*
 * Copyright (C) the Pupil authors
 *
 * Another password in the place of one's own: by whoever knows that, and, by a
 * link or a teacher's code, by whoever has forgotten it.  And other codes of
 * recovery.
 */

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/login.h"
#include "core/endpoints/login_sql.h"


/*
 * Of several at once the one whose row is still as it was when the password was
 * looked at.
 */
#define CHANGED(set, mail, note)                                              \
    "WITH ok AS MATERIALIZED ("                                               \
    "SELECT u.subject FROM pupil.subject AS u JOIN pupil.owner AS o"          \
    " ON o.tenant = $2 AND o.owner = u.subject"                               \
    " WHERE u.tenant = $2 AND u.subject = $4 AND u.status = 'active'"         \
    " AND u.mac = $16 AND o.state = 'active' AND o.key_version = $15"         \
    " AND ($8 IS NULL OR EXISTS (SELECT FROM pupil.session AS s"              \
    " WHERE s.tenant = $2 AND s.token_hash = $8))),"                          \
    " changed AS ("                                                           \
    "UPDATE data.credential AS c SET password_hash = $19, facts = $20,"       \
    " updated_at = now()" set " FROM ok"                                      \
    " WHERE c.tenant = $2 AND c.owner = $4 AND c.record = $4"                 \
    " AND c.updated_at = $17 AND c.facts = $18 RETURNING c.owner),"           \
    " gone AS ("                                                              \
    "DELETE FROM pupil.session AS s USING changed AS c"                       \
    " WHERE s.tenant = $2 AND s.subject = c.owner"                            \
    " RETURNING s.token_hash),"                                               \
    " made AS ("                                                              \
    "INSERT INTO " PUPIL_SQL_SESSION_ROW                                      \
    " SELECT $2, $9, c.owner, $5, $6, $10, $11, $12, $13, $24, $25, $23"      \
    " FROM changed AS c WHERE $8 IS NOT NULL RETURNING 1),"                   \
    " opened AS ("                                                            \
    "INSERT INTO pupil.revocation (tenant, revocation, subject, session,"     \
    " credential, own) SELECT $2, $3, c.owner, $21, $22, true"                \
    " FROM changed AS c),"                                                    \
    mail                                                                      \
    " held AS MATERIALIZED ("                                                 \
    "SELECT t.bucket FROM pupil.login_throttle AS t WHERE t.tenant = $2"      \
    " AND t.bucket = ANY ($14) AND EXISTS (SELECT FROM changed)"              \
    " ORDER BY t.bucket FOR UPDATE),"                                         \
    " back AS ("                                                              \
    "UPDATE pupil.login_throttle AS t SET failures = 0,"                      \
    " not_before = t.last_at FROM held"                                       \
    " WHERE t.tenant = $2 AND t.bucket = held.bucket),"                       \
    " which AS MATERIALIZED ("                                                \
    "SELECT (NOT EXISTS (SELECT FROM changed))::integer AS choice),"          \
    " audit AS ("                                                             \
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, note)"    \
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","        \
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END, " note          \
    " FROM which AS w RETURNING 1)"                                           \
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"        \
                                                " FROM which AS w") ","       \
    " (SELECT count(*) FROM changed),"                                        \
    " (SELECT string_agg(pg_notify('pupil_session',"                          \
    " encode(g.token_hash, 'hex'))::text, '') FROM gone AS g)"

#define MAILED                                                                \
    " mail AS ("                                                              \
    "INSERT INTO pupil.outbox (tenant, mail, subject, kind, language,"        \
    " created_at, mac)"                                                       \
    " SELECT $2, $3, c.owner, '" PUPIL_MAIL_PASSWORD_CHANGED "', $26, $11,"   \
    " $27 FROM changed AS c WHERE $26 IS NOT NULL"                            \
    " AND NOT EXISTS (SELECT FROM pupil.role AS r WHERE r.tenant = $2"        \
    " AND r.subject = $4 AND r.role = 'pupil')),"

const char  pupil_login_change_sql[] = CHANGED("", MAILED, "$28");

const char  pupil_login_codes_sql[] =
    CHANGED(", second_factor = $26", "", "NULL");

/*
 * A mail, or nothing: to whoever gets none a row is written, too, of no use
 * to anybody, so that both are as much work (invariant I13).
 */
const char  pupil_login_forgotten_sql[] =
    "WITH " PUPIL_SQL_MAIL_DUE("$8") ","
    " mail AS ("
    "INSERT INTO pupil.outbox (tenant, mail, subject, kind, language, link,"
    " created_at, mac, floors)"
    " SELECT $2, $3, $10, '" PUPIL_MAIL_FORGOTTEN_KIND "', $11, $12, $13, $14,"
    " $16"
    " FROM due WHERE $10 IS NOT NULL RETURNING 1),"
    " none AS ("
    "INSERT INTO pupil.login_throttle (tenant, bucket, failures, last_at,"
    " not_before) SELECT $2, $15, 0, '-infinity', '-infinity'"
    " WHERE NOT EXISTS (SELECT FROM mail)),"
    PUPIL_SQL_PURGED("ARRAY[$8]") ","
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM mail))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects,"
    " note) SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END, $9,"
    " '" PUPIL_LOGIN_NOTE_FORGOTTEN "' FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w");


/* A code by mail to who knows the password, or nothing, which is not told. */
const char  pupil_login_mail_sql[] =
    "WITH mail AS ("
    "INSERT INTO pupil.outbox (tenant, mail, subject, kind, language,"
    " created_at, mac) SELECT $2, $3, $9, '" PUPIL_MAIL_CODE "', $10, $11, $12"
    " WHERE $9 IS NOT NULL RETURNING 1),"
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM mail))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects,"
    " note) SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END, $8,"
    " '" PUPIL_LOGIN_NOTE_MAIL "' FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w");
