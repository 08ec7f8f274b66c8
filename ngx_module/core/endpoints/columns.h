/*
 * Copyright (C) the Pupil authors
 *
 * Groups of columns that results share: the rows that authorise, with their
 * MACs, and whose key is in force.  Each column by its place behind the first
 * of its group; endpoint_sql.h selects them in this order.
 */

#ifndef PUPIL_COLUMNS_H
#define PUPIL_COLUMNS_H


/* PUPIL_SQL_RECORDED, behind the nonce: int4, which records were stored. */
enum {
    PUPIL_RECORDED = 1
};

/* PUPIL_SQL_ENROLMENT: days are int4, counted from 1970-01-01. */
enum {
    PUPIL_CE_ENROLMENT = 0,
    PUPIL_CE_SUBJECT,
    PUPIL_CE_CLASS,
    PUPIL_CE_INSTITUTION,
    PUPIL_CE_ROLE,
    PUPIL_CE_VALID_FROM,
    PUPIL_CE_VALID_TO,
    PUPIL_CE_SOURCE,
    PUPIL_CE_MAC,
    PUPIL_ENROLMENT_COLUMNS
};

/* PUPIL_SQL_ROLE: days as above. */
enum {
    PUPIL_CR_SUBJECT = 0,
    PUPIL_CR_INSTITUTION,
    PUPIL_CR_ROLE,
    PUPIL_CR_VALID_FROM,
    PUPIL_CR_VALID_TO,
    PUPIL_CR_SOURCE,
    PUPIL_CR_MAC,
    PUPIL_ROLE_COLUMNS
};

/* A row of pupil.subject. */
enum {
    PUPIL_CS_SUBJECT = 0,
    PUPIL_CS_STATUS,
    PUPIL_CS_SOURCE,
    PUPIL_CS_MAC,
    PUPIL_SUBJECT_COLUMNS
};

/* PUPIL_SQL_SESSION: a row of pupil.session, but for its token's hash. */
enum {
    PUPIL_CN_SUBJECT = 0,
    PUPIL_CN_ROLE,
    PUPIL_CN_INSTITUTION,
    PUPIL_CN_CREATED_AT,
    PUPIL_CN_SEEN_AT,
    PUPIL_CN_EXPIRES_AT,
    PUPIL_CN_PROVED_AT,
    PUPIL_CN_PROVIDER_SESSION,
    PUPIL_CN_PROVIDER_SUBJECT,
    PUPIL_CN_MAC,
    PUPIL_SESSION_COLUMNS
};

/* PUPIL_SQL_SUPPORT: a row of pupil.support_grant. */
enum {
    PUPIL_CG_GRANT = 0,
    PUPIL_CG_SUBJECT,
    PUPIL_CG_CODE,
    PUPIL_CG_CREATED_AT,
    PUPIL_CG_EXPIRES_AT,
    PUPIL_CG_REDEEMED_AT,
    PUPIL_CG_ACTOR,
    PUPIL_CG_SESSION,
    PUPIL_CG_MAC,
    PUPIL_SUPPORT_COLUMNS
};

/* PUPIL_SQL_REQUEST: a row of pupil.request; days since 1970-01-01. */
enum {
    PUPIL_CQ_REQUEST = 0,
    PUPIL_CQ_SUBJECT,
    PUPIL_CQ_KIND,
    PUPIL_CQ_STATE,
    PUPIL_CQ_CONDITION,
    PUPIL_CQ_REFERENCE,
    PUPIL_CQ_RECEIVED_ON,
    PUPIL_CQ_DUE_ON,
    PUPIL_CQ_CREATED_AT,
    PUPIL_CQ_CHANGED_AT,
    PUPIL_CQ_ERASURE,
    PUPIL_CQ_MAC,
    PUPIL_REQUEST_COLUMNS
};

/* A row of pupil.blind_index. */
enum {
    PUPIL_CI_CATEGORY = 0,
    PUPIL_CI_FIELD,
    PUPIL_CI_TERM,
    PUPIL_CI_OWNER,
    PUPIL_CI_RECORD,
    PUPIL_CI_MAC,
    PUPIL_INDEX_COLUMNS
};

/* PUPIL_SQL_OWNER. */
enum {
    PUPIL_CO_OWNER = 0,
    PUPIL_CO_STATE,
    PUPIL_CO_KEY_VERSION,
    PUPIL_OWNER_COLUMNS
};

#endif /* PUPIL_COLUMNS_H */
