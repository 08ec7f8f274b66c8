/*
 * Copyright (C) the Pupil authors
 *
 * What an ID token must say (OpenID Connect Core section 3.1.3.7), and whom a
 * national log-in means by it; and what a log-out token must (OpenID Connect
 * Back-Channel Logout section 2.6).  The payload is one whose signature fits.
 * Context: any.
 */

#ifndef PUPIL_CLAIMS_H
#define PUPIL_CLAIMS_H

#include "core/json/json_tree.h"
#include "core/vault/vault.h"


#define PUPIL_CLAIMS_SKEW     60     /* seconds that clocks may differ by */
#define PUPIL_ACCOUNT_MAX     200    /* bytes of a log-in name */
#define PUPIL_LOGOUT_AGE      300    /* seconds that a log-out is told within */


/* What the log-in that asked for it expects. */
typedef struct {
    pupil_str_t  issuer, client, nonce;
    pupil_str_t  access_token;  /* that came with it; len 0: none */
    int64_t      now;           /* seconds since 1970 */
    int64_t      begun;         /* the log-in was */
    int64_t      max_age;       /* seconds since a password; 0: any */
} pupil_claims_expected_t;

/* What a token names at its issuer: len 0: nothing that is a name. */
typedef struct {
    pupil_str_t  session, subject, token;    /* sid, sub, jti */
} pupil_claims_names_t;


/* How a kind of log-in names people and says how sure it is of them. */
typedef struct pupil_profile_s  pupil_profile_t;

/* "uni-login", "bankid", "eppn", "sub"; NULL: there is none of that name. */
const pupil_profile_t *pupil_profile_find(pupil_str_t name);

/*
 * Does it name people by a national number?  Does it say of which school?
 * Whether that has a licence?
 */
int pupil_profile_national(const pupil_profile_t *profile);
int pupil_profile_schools(const pupil_profile_t *profile);
int pupil_profile_licenses(const pupil_profile_t *profile);

/* Is a token of this school, or of several one of which this is? */
int pupil_claims_school(const pupil_json_t *json,
    const pupil_profile_t *profile, pupil_str_t school);

/* Whose log-ins count, and for whom.  Lists have commas. */
typedef struct {
    const pupil_profile_t  *profile;
    const char             *claim;     /* that names somebody; NULL: the
                                          profile's */
    pupil_str_t             prefix;    /* of log-in names */
    pupil_str_t             loa;       /* one of; len 0: any */
    pupil_str_t             schools;   /* one of; len 0: any */
    const pupil_key_t      *key;       /* of the index of log-in names */
    unsigned                licensed:1;    /* alone are let in */
} pupil_account_rules_t;


/*
 * Reads the payload; repeated members are refused.  PUPIL_OK, PUPIL_INVALID
 * with *why, static, or PUPIL_NO_MEMORY; so do the others.
 */
pupil_rc_t pupil_claims_read(const pupil_alloc_t *alloc, pupil_str_t payload,
    pupil_json_t *json, const char **why);

/* Is it of this provider, for us, of this log-in, and of now? */
pupil_rc_t pupil_claims_check(const pupil_json_t *json,
    const pupil_claims_expected_t *expected, const char **why);

/* The same of a log-out; what is expected: issuer, client, now. */
pupil_rc_t pupil_claims_check_logout(const pupil_json_t *json,
    const pupil_claims_expected_t *expected, const char **why);

/* PUPIL_OK or PUPIL_NO_MEMORY; texts are alloc's. */
pupil_rc_t pupil_claims_names(const pupil_alloc_t *alloc,
    const pupil_json_t *json, pupil_claims_names_t *out);

/* When somebody proved there who they are, since 1970; 0: that is not said. */
int64_t pupil_claims_proved(const pupil_json_t *json);

/*
 * The log-in name: prefix and what the claim says, from alloc; of a national
 * number what pupil_national_name() makes of it.
 */
pupil_rc_t pupil_claims_account(const pupil_alloc_t *alloc,
    const pupil_json_t *json, const pupil_account_rules_t *rules,
    pupil_str_t *out, const char **why);

/* Is a licence asked for, and does it not say that there is one? */
int pupil_claims_unlicensed(const pupil_json_t *json,
    const pupil_account_rules_t *rules);

/*
 * Is the name that an account has the one that a provider says?  Both are found
 * by one index, which folds case; whether that makes them one is the profile's.
 */
int pupil_profile_same(const pupil_profile_t *profile, pupil_str_t said,
    pupil_str_t stored);

#endif /* PUPIL_CLAIMS_H */
