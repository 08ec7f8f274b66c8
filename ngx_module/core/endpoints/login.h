/*
 * Copyright (C) the Pupil authors
 *
 * /v1/login and /v1/me/password: their statements, and what a client sends.
 */

#ifndef PUPIL_LOGIN_H
#define PUPIL_LOGIN_H

#include "core/audit/audit.h"
#include "core/endpoints/columns.h"
#include "core/input/input.h"
#include "core/login/chosen.h"
#include "core/login/factor.h"
#include "core/policy/statement.h"


/* The statements of both, by index: the steps of one are those of the other. */
enum {
    PUPIL_LOGIN_RESERVE = 0,    /* throttle: reserve the attempt */
    PUPIL_LOGIN_TELL,           /* that it is throttled */
    PUPIL_LOGIN_FIND,           /* index rows, subject, credential, roles */
    PUPIL_LOGIN_INDEX,          /* what was found by a term of before */
    PUPIL_LOGIN_ACCEPT,         /* session, throttle, network, audit */
    PUPIL_LOGIN_RENEW,          /* accept, and a hash at another cost */
    PUPIL_LOGIN_REFUSE,         /* same work, audit */
    PUPIL_LOGIN_HALF,           /* the password was right: audit, throttle */
    PUPIL_LOGIN_AGAIN,          /* find, whom a ticket names */
    PUPIL_LOGIN_PROVE,          /* accept, and a code is used */
    PUPIL_LOGIN_ENROL,          /* the same, and the hash, with which all that
                                   was before may be revoked */
    PUPIL_LOGIN_OWN,            /* the credential of who has a session */
    PUPIL_LOGIN_BACK,           /* throttle: it was no failure */
    PUPIL_LOGIN_CHANGE,         /* a new one, and a session alone; audit */
    PUPIL_LOGIN_CODES,          /* the same of codes of recovery; audit */
    PUPIL_LOGIN_STEP_UP,        /* a session proved anew, in its place; audit */
    PUPIL_LOGIN_STEP_UP_CODE,   /* the same, and a code is used */
    PUPIL_LOGIN_FORGOTTEN,      /* a mail, or not; audit */
    PUPIL_LOGIN_MAIL,           /* one with a code, or not; audit */
    PUPIL_LOGIN_SIGN_UP,        /* who signs up, and a mail; audit */
    PUPIL_LOGIN_SIGNED_UP,      /* who did, by the link of it */
    PUPIL_LOGIN_CONFIRM,        /* that the address is theirs; audit */
    PUPIL_LOGIN_COUNT
};

extern const pupil_template_t  pupil_login_templates[PUPIL_LOGIN_COUNT];

/* As AGAIN, for whom a teacher hands out a code, without an address. */
extern const char  pupil_login_pupil_sql[];

/* Of RESERVE and TELL, for whatever else is guessed at. */
extern const char  pupil_login_reserve_sql[];
extern const char  pupil_login_tell_sql[];


/* Column 0 of all results is the nonce. */

/*
 * PUPIL_LOGIN_RESERVE, $8 buckets; for each, $9 failures without delay, $10
 * seconds after which one failure is forgotten, $11 the longest delay in
 * seconds; $12 0, or of the first two one counts: the first, where the last has
 * had nothing for so many seconds, or else the second.
 */
enum {
    PUPIL_LR_WAIT = 1,          /* seconds, 0: go on */
    PUPIL_LR_UNTOLD,            /* true: this window is not on record */
    PUPIL_LR_COLUMNS
};

/* PUPIL_LOGIN_TELL, $8 the buckets: a record, if nobody told meanwhile. */

/*
 * What an identifier is looked up by: as a login id and as an e-mail address;
 * of each, as identifiers were compared before migration 021, so that two
 * accounts which are one name by now stay apart.  In this order, but for the
 * second name that an account may have: what a provider says is looked for
 * there first, and what somebody types is not (random bytes).
 */
enum {
    PUPIL_LOGIN_ID_BEFORE = 0,
    PUPIL_LOGIN_ID,
    PUPIL_LOGIN_EMAIL_BEFORE,
    PUPIL_LOGIN_EMAIL,
    PUPIL_LOGIN_EXTERNAL,
    PUPIL_LOGIN_TERMS
};

/*
 * PUPIL_LOGIN_FIND, $8 to $12 the terms of the identifier.  The account's row
 * of the index, the subject, and that as owner; one row for each of its roles;
 * when the credential changed; the names that are in force.  Whom no term finds
 * meets the tenant's decoy: the index row is NULL.
 */
enum {
    PUPIL_LF_DECOY = 1,
    PUPIL_LF_INDEX,
    PUPIL_LF_SUBJECT = PUPIL_LF_INDEX + PUPIL_INDEX_COLUMNS,
    PUPIL_LF_OWNER = PUPIL_LF_SUBJECT + PUPIL_SUBJECT_COLUMNS,
    PUPIL_LF_ROLE = PUPIL_LF_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_LF_CHANGED_AT = PUPIL_LF_ROLE + PUPIL_ROLE_COLUMNS,
    PUPIL_LF_COLUMNS
};

enum {
    PUPIL_LF_WANT_LOGIN_ID = 0,
    PUPIL_LF_WANT_EMAIL,
    PUPIL_LF_WANT_PASSWORD_HASH,
    PUPIL_LF_WANT_SECOND_FACTOR,
    PUPIL_LF_WANT_EXTERNAL_ID
};

/*
 * PUPIL_LOGIN_INDEX, of the actor: $8 category, $9 field, $10 the term of
 * before, $11 that of today, $12 record, $13 the MAC of the new row.
 */

/*
 * PUPIL_LOGIN_ACCEPT and _RENEW: the actor ($4 to $6) is the subject that
 * logged in.  $8 token hash, $9 created_at, $10 expires_at, $11 MAC of the
 * session; $12 buckets, $13 that of the network, which gets back this attempt
 * only; $14 record, $15 sealed address or NULL; $16 key version, $17 MAC of
 * the subject's row, $18 when the credential changed, as they were when the
 * password was looked at; $19 the sealed hash of the same password at the cost
 * in force, or NULL, which is no change of the password; $20 the facts of the
 * credential, $21 those that go with $19; $22 the session and $23 the subject
 * of a provider, as hashes, by whose word it is, or NULL; $24 when they proved
 * who they are; $25 which of a provider there are, $26 when the log-in began;
 * $27 the note of its record, or NULL.
 */
enum {
    PUPIL_LA_MADE = PUPIL_RECORDED + 1,
                                /* 1, or 0: the account changed meanwhile */
    PUPIL_LA_COLUMNS
};

enum {
    PUPIL_LA_WANT_GIVEN_NAME = 0,
    PUPIL_LA_WANT_FAMILY_NAME,
    PUPIL_LA_WANT_LOGIN_ID,
    PUPIL_LA_WANT_EMAIL,
    PUPIL_LA_WANT_PASSWORD_HASH,
    PUPIL_LA_WANT_SECOND_FACTOR,
    PUPIL_LA_WANT_EXTERNAL_ID,
    PUPIL_LA_WANT_ADDRESS,
    PUPIL_LA_WANT_RENEWED_HASH  /* of _RENEW alone */
};

/* PUPIL_LOGIN_REFUSE, $8 the subject if there is one. */

/* PUPIL_LOGIN_HALF, $8 the subject; $9 buckets, $10 that of the network. */

/* PUPIL_LOGIN_AGAIN, $8 the subject: columns and wants of PUPIL_LOGIN_FIND. */

/*
 * PUPIL_LOGIN_PROVE and _ENROL: as PUPIL_LOGIN_ACCEPT up to $24; $19 the hash
 * of the password, sealed anew, or NULL; $21 the facts that go with it and with
 * $25, the second factor; $26 and $27 the numbers of session and hash, to which
 * the floors will rise, or NULL; $28 as $27 there.
 */
enum {
    PUPIL_LP_NOTIFIED = PUPIL_LA_COLUMNS,
    PUPIL_LP_COLUMNS
};

enum {
    PUPIL_LP_WANT_FACTOR = PUPIL_LA_WANT_ADDRESS + 1,
    PUPIL_LP_WANT_HASH          /* of _ENROL alone */
};

/*
 * PUPIL_LOGIN_OWN, of the actor: the subject, that as owner, when the
 * credential changed, and the wants of PUPIL_LOGIN_FIND.
 */
enum {
    PUPIL_LO_SUBJECT = 1,
    PUPIL_LO_OWNER = PUPIL_LO_SUBJECT + PUPIL_SUBJECT_COLUMNS,
    PUPIL_LO_CHANGED_AT = PUPIL_LO_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_LO_COLUMNS
};

/* PUPIL_LOGIN_BACK, $8 buckets: nothing of interest. */

/*
 * PUPIL_LOGIN_CHANGE, of the actor: $8 hash of the token that asks, $9 to $13
 * hash, created_at, seen_at, expires_at and MAC of the session that takes the
 * place of all that there are; $14 buckets, which are emptied; $15 key version,
 * $16 MAC of the subject's row, $17 when the credential changed and $18 its
 * facts, as they were when the password was looked at; $19 the sealed hash of
 * the new one and $20 the facts that go with it; $21 and $22 the numbers of
 * session and hash, to which the floors will rise; $23 when its owner proved
 * who they are, $24 and $25 its session and subject of a provider.  It is open
 * as a revocation under the request's id; and under it, too, there is a mail to
 * staff, $26 the language, or NULL for none, and $27 its row's MAC; $28 the
 * note of the record, or NULL.  By a link or a code, without a session: $8 to
 * $10, $12, $13 and $23 to $25 are NULL, and none takes their place.
 */
enum {
    PUPIL_LC_MADE = PUPIL_RECORDED + 1,
                                /* 1, or 0: something changed meanwhile */
    PUPIL_LC_NOTIFIED,
    PUPIL_LC_COLUMNS
};

/*
 * PUPIL_LOGIN_CODES: as PUPIL_LOGIN_CHANGE up to $25, $19 the same password
 * under the new number; $26 the second factor with other codes, sealed.
 */
enum {
    PUPIL_LX_WANT_FACTOR = PUPIL_LF_WANT_EXTERNAL_ID + 1
};


/*
 * PUPIL_LOGIN_STEP_UP and _STEP_UP_CODE, of the actor: $8 hash of the token
 * that asks, $9 to $14 hash, created_at, seen_at, expires_at, MAC and proved_at
 * of the session that takes its place; $15 and $16 the buckets;
 * $17 key version, $18 MAC of the subject's row, $19 when the credential
 * changed and $20 its facts, as they were when the password was looked at; $21
 * the second factor once its code is used and $22 the facts that go with it, or
 * NULL; $23 and $24 the session's and subject of a provider.
 */
enum {
    PUPIL_LT_MADE = PUPIL_RECORDED + 1,
                                /* 1, or 0: something changed meanwhile */
    PUPIL_LT_NOTIFIED,
    PUPIL_LT_COLUMNS
};

/*
 * PUPIL_LOGIN_FORGOTTEN, $8 bucket of the account, or of the name that is none;
 * $9 the subject if there is one; $10 whom the mail is to, or NULL, $11 its
 * language, $12 link, $13 created_at, $14 MAC; $15 a bucket of nobody; $16 the
 * floors of a link.
 */

/*
 * PUPIL_LOGIN_MAIL, $8 the subject; $9 whom the mail is to, or NULL, $10 its
 * language, $11 created_at, $12 MAC.
 */

/*
 * PUPIL_LOGIN_SIGN_UP, $8 bucket of the address; the row: $9 subject, $10
 * institution, $11 days of the trial, $12 language, $13 asked_at, $14 sealed,
 * $15 MAC; of the mail $16 link, $17 MAC.
 */

/* PUPIL_LOGIN_SIGNED_UP, $8 the subject: the row, unless it is confirmed. */
enum {
    PUPIL_LS_SUBJECT = 1,
    PUPIL_LS_INSTITUTION,
    PUPIL_LS_TRIAL,
    PUPIL_LS_LANGUAGE,
    PUPIL_LS_ASKED_AT,
    PUPIL_LS_SEALED,
    PUPIL_LS_MAC,
    PUPIL_LS_COLUMNS
};

/*
 * PUPIL_LOGIN_CONFIRM, $8 the subject, $9 the MAC of the row as it was read;
 * then $10 confirmed_at, $11 sealed, $12 MAC.
 */

#define PUPIL_LOGIN_NOTE_STEP_UP    "step-up"
#define PUPIL_LOGIN_NOTE_FORGOTTEN  "forgotten"
#define PUPIL_LOGIN_NOTE_CODE       "login-code"
#define PUPIL_LOGIN_NOTE_MAIL       "mail"
#define PUPIL_LOGIN_NOTE_SIGN_UP    "sign-up"

/*
 * Kinds of mail: to whoever's password was changed, or was forgotten; a code as
 * the second half of a log-in; to who signs up, and has an account already; to
 * whose trial ends; to an address that another took the place of; to whoever
 * logs in by another name.
 */
#define PUPIL_MAIL_PASSWORD_CHANGED  "password_changed"
#define PUPIL_MAIL_FORGOTTEN_KIND    "forgotten"
#define PUPIL_MAIL_CODE              "code"
#define PUPIL_MAIL_SIGN_UP           "sign_up"
#define PUPIL_MAIL_SIGN_UP_KNOWN     "sign_up_known"
#define PUPIL_MAIL_TRIAL_ENDS        "trial_ends"
#define PUPIL_MAIL_ADDRESS_CHANGED   "address_changed"
#define PUPIL_MAIL_NAME_CHANGED      "login_name_changed"


/* The records of ACCEPT and the like, of REFUSE, of HALF, and of TELL. */
#define PUPIL_LOGIN_CHOICES  2

extern const pupil_audit_choice_t  pupil_login_choices[PUPIL_LOGIN_CHOICES];
extern const pupil_audit_choice_t  pupil_login_refused[1];
extern const pupil_audit_choice_t  pupil_login_half[1];
extern const pupil_audit_choice_t  pupil_login_throttled[1];


#define PUPIL_INPUT_IDENTIFIER_MAX  254     /* bytes */
#define PUPIL_INPUT_PASSWORD_MAX    1024    /* bytes */


/* How somebody shows that they have the second factor. */
typedef enum {
    PUPIL_METHOD_TOTP = 0,
    PUPIL_METHOD_RECOVERY,
    PUPIL_METHOD_TOKEN,         /* nothing yet: they enrol */
    PUPIL_METHOD_MAIL           /* without a code: they ask for one */
} pupil_method_t;

/* code.data is a copy, to be zeroed; NULL: none was sent (MAIL). */
typedef struct {
    pupil_str_t     name;
    pupil_str_t     code;
    pupil_method_t  method;
} pupil_input_factor_t;

/* password.data is a copy of its own: pupil_input_login_wipe() zeroes it. */
typedef struct {
    pupil_str_t         identifier;
    pupil_str_t         password;
    pupil_input_bool_t  shared;     /* the computer, with others */
} pupil_input_login_t;


/* code.data NULL: none was sent.  Both are copies, to be zeroed. */
typedef struct {
    pupil_str_t  password;
    pupil_str_t  code;
} pupil_input_step_up_t;


/* As the log-in's password both are copies, to be zeroed. */
typedef struct {
    pupil_str_t  identifier;    /* of who brings a code; else none */
    pupil_str_t  current;
    pupil_str_t  fresh;
} pupil_input_password_t;


typedef struct {
    pupil_str_t  tenant;        /* a word of pupil_login_tenant */
} pupil_input_tenant_t;


/* {"tenant"} */
pupil_rc_t pupil_input_tenant(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_tenant_t *out, pupil_fault_t *fault);

/* {"identifier","password","shared"?} */
pupil_rc_t pupil_input_login(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_login_t *out, pupil_fault_t *fault);

/* Zeroes the copy of the password.  The body is the caller's to wipe. */
void pupil_input_login_wipe(pupil_input_login_t *login);

/*
 * {"current","new"}, of which the second breaks none of the rules: not yet
 * whether it is a name of its owner's.
 */
pupil_rc_t pupil_input_password(const pupil_alloc_t *alloc,
    const pupil_str_t *body, const pupil_chosen_t *rules,
    pupil_input_password_t *out, pupil_fault_t *fault);
void pupil_input_password_wipe(pupil_input_password_t *password);

/* {"identifier"} */
pupil_rc_t pupil_input_forgotten(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_login_t *out, pupil_fault_t *fault);

/* All of it are copies, or of the body; the password is one to be zeroed. */
typedef struct {
    pupil_str_t  token;
    pupil_str_t  email, given_name, family_name;
    pupil_str_t  language;
    pupil_str_t  fresh;
} pupil_input_sign_up_t;

/* {"email","language"}, of which the second is one that there are mails in. */
pupil_rc_t pupil_input_sign_up(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_sign_up_t *out,
    pupil_fault_t *fault);

/* {"token","given_name","family_name"?,"new"}, of which the last may be. */
pupil_rc_t pupil_input_confirm(const pupil_alloc_t *alloc,
    const pupil_str_t *body, const pupil_chosen_t *rules,
    pupil_input_sign_up_t *out, pupil_fault_t *fault);
void pupil_input_sign_up_wipe(pupil_input_sign_up_t *said);

/* {"token","new"}, as of a password: the token is its current. */
pupil_rc_t pupil_input_reset(const pupil_alloc_t *alloc,
    const pupil_str_t *body, const pupil_chosen_t *rules,
    pupil_input_password_t *out, pupil_fault_t *fault);

/* {"identifier","code","new"}, as of a password: the code is its current. */
pupil_rc_t pupil_input_by_code(const pupil_alloc_t *alloc,
    const pupil_str_t *body, const pupil_chosen_t *rules,
    pupil_input_password_t *out, pupil_fault_t *fault);

/* {"password","code"?} */
pupil_rc_t pupil_input_step_up(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_step_up_t *out, pupil_fault_t *fault);

/* {"method":"totp"|"recovery"|"token","code"} */
pupil_rc_t pupil_input_factor(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_factor_t *out, pupil_fault_t *fault);
void pupil_input_factor_wipe(pupil_input_factor_t *factor);

#endif /* PUPIL_LOGIN_H */
