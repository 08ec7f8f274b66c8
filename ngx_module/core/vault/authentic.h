/*
 * Copyright (C) the Pupil authors
 *
 * Authentic rows (invariant I18): a row that authorises carries a keyed
 * BLAKE2b over all its columns under the tenant's key "mac", made by whoever
 * writes it and checked by whoever relies on it.  Somebody who can write the
 * database, but has no key, cannot log in, promote or enrol anybody.
 */

#ifndef PUPIL_AUTHENTIC_H
#define PUPIL_AUTHENTIC_H

#include "core/vault/vault.h"


#define PUPIL_MAC_LEN    36           /* at most; pupil_mac_len() */
#define PUPIL_DATE_NONE  INT32_MAX    /* an open end */


/*
 * The columns of each table, in the order of its CREATE TABLE.  number: the
 * floor that the row was written under; it counts while that is no less than
 * the subject's floor in the key store (docs/architecture.md, "Floors").
 */

typedef struct {
    pupil_uuid_t  tenant, subject;
    pupil_str_t   status;
    pupil_str_t   source;
    uint32_t      number;
} pupil_subject_row_t;

typedef struct {
    pupil_uuid_t  tenant, subject, institution;
    pupil_str_t   role;
    int32_t       valid_from, valid_to;     /* days since 1970-01-01 */
    pupil_str_t   source;
    uint32_t      number;
} pupil_role_row_t;

typedef struct {
    pupil_uuid_t  tenant, enrolment, subject, class_id, institution;
    pupil_str_t   role;
    int32_t       valid_from, valid_to;     /* days since 1970-01-01 */
    pupil_str_t   source;
    uint32_t      number;
} pupil_enrolment_row_t;

typedef struct {
    pupil_uuid_t  tenant;
    pupil_str_t   category, field, term;
    pupil_uuid_t  owner, record;
} pupil_index_row_t;

typedef struct {
    pupil_uuid_t  tenant;
    pupil_str_t   token_hash;
    pupil_uuid_t  subject;
    pupil_str_t   role;
    pupil_uuid_t  institution;
    pupil_time_t  created_at, seen_at, expires_at;
    pupil_time_t  proved_at;    /* who it is was; 0: as it was created */
    pupil_str_t   provider_session, provider_subject;   /* empty: none */
    uint32_t      number;
    unsigned      limited:1;    /* to changing the password */
    unsigned      second:1;     /* by a second factor, or a provider's word */
} pupil_session_row_t;

typedef struct {
    pupil_uuid_t  tenant, mail, subject;
    pupil_str_t   kind, language;
    pupil_time_t  created_at;
    pupil_str_t   link;         /* where its page is; empty: there is none */
    uint32_t      number;       /* of the credential, where that matters */
    uint32_t      floors;       /* of a link; 0: none has risen */
    pupil_str_t   sealed;       /* the address, unless it is that in force */
} pupil_mail_row_t;

typedef struct {
    pupil_uuid_t  tenant, grant, subject;
    pupil_str_t   code;         /* its hash */
    pupil_time_t  created_at, expires_at;
    pupil_time_t  redeemed_at;  /* PUPIL_TIME_NONE: not yet */
    pupil_uuid_t  actor;        /* by whom; zero: by nobody */
    pupil_str_t   session;      /* hash of the token that they had; or empty */
    uint32_t      number;       /* of the session that it was made by */
} pupil_support_row_t;

typedef struct {
    pupil_uuid_t  tenant, subject, institution;
    uint32_t      trial;        /* days */
    pupil_str_t   language;
    pupil_time_t  asked_at;
    pupil_time_t  confirmed_at; /* PUPIL_TIME_NONE: not yet */
    pupil_str_t   sealed;
} pupil_sign_up_row_t;

/* That it was seen is not of it. */
typedef struct {
    pupil_uuid_t  tenant, notice, subject;
    pupil_str_t   kind;
    pupil_time_t  at;
} pupil_notice_row_t;

/* subject zero: nobody was found; erasure 0: none. */
typedef struct {
    pupil_uuid_t  tenant, request, subject;
    pupil_str_t   kind, state, condition, reference;
    int32_t       received_on, due_on;      /* days since 1970-01-01 */
    pupil_time_t  created_at, changed_at;
    uint64_t      erasure;
} pupil_request_row_t;

typedef struct {
    pupil_uuid_t  tenant, run, record, owner;
    pupil_str_t   image;        /* sealed */
} pupil_image_row_t;

/* pupil.import_plan */
typedef struct {
    pupil_uuid_t  tenant, id;
    pupil_str_t   plan, note;
} pupil_plan_row_t;

/* pupil.import_decision */
typedef struct {
    pupil_uuid_t  tenant, id, request;
    pupil_str_t   what;
    pupil_time_t  at;
} pupil_decision_row_t;


/*
 * Each writes the MAC of a row.  key: the tenant's service key "mac".  A MAC
 * is a keyed hash of 32 bytes, and behind it the row's number in four, unless
 * that is 0: so that rows from before there were numbers stay valid.  The hash
 * covers the number.
 */
void pupil_mac_subject(const pupil_key_t *key, const pupil_subject_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_role(const pupil_key_t *key, const pupil_role_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_enrolment(const pupil_key_t *key,
    const pupil_enrolment_row_t *row, uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_index(const pupil_key_t *key, const pupil_index_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_address(const pupil_key_t *key, const pupil_index_row_t *row,
    uint32_t number, uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_session(const pupil_key_t *key, const pupil_session_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_mail(const pupil_key_t *key, const pupil_mail_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_sign_up(const pupil_key_t *key, const pupil_sign_up_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_support(const pupil_key_t *key, const pupil_support_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_notice(const pupil_key_t *key, const pupil_notice_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_request(const pupil_key_t *key, const pupil_request_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_image(const pupil_key_t *key, const pupil_image_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_plan(const pupil_key_t *key, const pupil_plan_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN]);
void pupil_mac_decision(const pupil_key_t *key,
    const pupil_decision_row_t *row, uint8_t mac[PUPIL_MAC_LEN]);

/* How many bytes of it are stored. */
size_t pupil_mac_len(const uint8_t mac[PUPIL_MAC_LEN]);

/* The number that a stored MAC names; believed once the MAC was checked. */
uint32_t pupil_mac_number(pupil_str_t stored);

/*
 * The same of a session, and whether it is limited, and by a second factor: the
 * highest bits of its number, which no floor has.
 */
void pupil_mac_session_read(pupil_str_t stored, pupil_session_row_t *row);

/* PUPIL_OK or PUPIL_TAMPERED, in constant time. */
pupil_rc_t pupil_mac_check(const uint8_t made[PUPIL_MAC_LEN],
    pupil_str_t stored);

#endif /* PUPIL_AUTHENTIC_H */
