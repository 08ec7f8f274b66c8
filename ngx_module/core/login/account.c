/*
 * Copyright (C) the Pupil authors
 *
 * Whom a kind of log-in means: the claim that names somebody, and what of a
 * token decides whether they may come.
 */

#include <string.h>

#include <sodium.h>

#include "pupil_plugin.h"
#include "core/base/text.h"
#include "core/login/claims.h"
#include "core/login/national.h"


struct pupil_profile_s {
    const char  *name;
    const char  *account;       /* the claim that names somebody */
    const char  *loa;           /* the claim of assurance */
    const char  *group;         /* NULL: anybody may log in */
    const char  *groups;        /* who may, separated by commas */
    const char  *school;        /* the claim of where; NULL: there is none */
    const char  *license;       /* the claim of one; NULL: there is none */
    unsigned     folded:1;      /* spellings of a name are one */
    unsigned     national:1;    /* the name is a number that nobody keeps */
};


static int claim_among(const pupil_json_t *json, uint32_t node,
    pupil_str_t list);
static int claim_any(const pupil_json_t *json, uint32_t node,
    pupil_str_t list);
static int account_may(const pupil_json_t *json,
    const pupil_account_rules_t *rules, const char **why);
static pupil_rc_t account_national(const pupil_alloc_t *alloc,
    const pupil_key_t *key, pupil_str_t *name);


static const pupil_profile_t  profiles[] = {
    { .name = "uni-login", .account = "uniid", .loa = "unilogin_loa",
      .group = "aktoer_gruppe", .groups = "Elev,Medarbejder,Ekstern",
      .school = "institution_ids", .license = "has_license" },
    { .name = "bankid", .loa = "acr", .national = 1 },
    { .name = "eppn", .account = "eppn", .loa = "acr",
      .school = "sisSchoolUnitCode", .folded = 1 },
    { .name = "sub", .account = "sub", .loa = "acr" }
};


const pupil_profile_t *
pupil_profile_find(pupil_str_t name)
{
    size_t  i;

    for (i = 0; i < PUPIL_COUNT(profiles); i++) {
        if (pupil_str_is(name, profiles[i].name)) {
            return &profiles[i];
        }
    }

    return NULL;
}


int
pupil_profile_national(const pupil_profile_t *profile)
{
    return profile->national;
}


int
pupil_profile_schools(const pupil_profile_t *profile)
{
    return profile->school != NULL;
}


int
pupil_profile_licenses(const pupil_profile_t *profile)
{
    return profile->license != NULL;
}


/* A text, as the provider writes it: what is anything else is no licence. */
int
pupil_claims_unlicensed(const pupil_json_t *json,
    const pupil_account_rules_t *rules)
{
    static const pupil_str_t  yes = pupil_str("true");

    return rules->licensed
           && !pupil_json_is(json,
                             pupil_json_member(json, 0,
                                               rules->profile->license), yes);
}


int
pupil_claims_school(const pupil_json_t *json, const pupil_profile_t *profile,
    pupil_str_t school)
{
    return claim_any(json, pupil_json_member(json, 0, profile->school),
                     school);
}


/* eduPerson compares eppn without case; OpenID has sub to the letter. */
int
pupil_profile_same(const pupil_profile_t *profile, pupil_str_t said,
    pupil_str_t stored)
{
    return profile->folded
           || (said.len == stored.len
               && memcmp(said.data, stored.data, said.len) == 0);
}


pupil_rc_t
pupil_claims_account(const pupil_alloc_t *alloc, const pupil_json_t *json,
    const pupil_account_rules_t *rules, pupil_str_t *out, const char **why)
{
    uint32_t                node;
    uint8_t                *data;
    pupil_rc_t              rc;
    pupil_str_t             name;
    const pupil_profile_t  *profile;

    profile = rules->profile;

    if (!account_may(json, rules, why)) {
        return PUPIL_INVALID;
    }

    *why = "it has no claim that names an account";
    node = pupil_json_member(json, 0, rules->claim != NULL ? rules->claim
                                                           : profile->account);

    rc = pupil_json_string(json, node, alloc, &name);

    if (rc == PUPIL_OK && profile->national) {
        *why = "it has no national number where claim= says";
        rc = account_national(alloc, rules->key, &name);
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    if (name.len == 0 || name.len > PUPIL_ACCOUNT_MAX - rules->prefix.len) {
        return PUPIL_INVALID;
    }

    data = alloc->alloc(alloc->ctx, rules->prefix.len + name.len);
    if (data == NULL) {
        return PUPIL_NO_MEMORY;
    }

    if (rules->prefix.len != 0) {
        memcpy(data, rules->prefix.data, rules->prefix.len);
    }

    memcpy(data + rules->prefix.len, name.data, name.len);
    out->data = data;
    out->len = rules->prefix.len + name.len;

    return PUPIL_OK;
}


static int
account_may(const pupil_json_t *json, const pupil_account_rules_t *rules,
    const char **why)
{
    pupil_str_t             groups;
    const pupil_profile_t  *profile;

    profile = rules->profile;

    if (profile->group != NULL) {
        groups.data = (const uint8_t *) profile->groups;
        groups.len = strlen(profile->groups);

        if (!claim_among(json, pupil_json_member(json, 0, profile->group),
                         groups))
        {
            *why = "it is about somebody who is neither pupil nor staff";
            return 0;
        }
    }

    if (rules->loa.len != 0
        && !claim_among(json, pupil_json_member(json, 0, profile->loa),
                        rules->loa))
    {
        *why = "its level of assurance is not one that loa= names";
        return 0;
    }

    if (rules->schools.len != 0
        && !claim_any(json, pupil_json_member(json, 0, profile->school),
                      rules->schools))
    {
        *why = "it is of no school that schools= names";
        return 0;
    }

    return 1;
}


/* In place of the number, which is wiped. */
static pupil_rc_t
account_national(const pupil_alloc_t *alloc, const pupil_key_t *key,
    pupil_str_t *name)
{
    uint8_t     *made;
    pupil_rc_t   rc;

    made = alloc->alloc(alloc->ctx, PUPIL_NATIONAL_NAME);
    if (made == NULL) {
        return PUPIL_NO_MEMORY;
    }

    rc = pupil_national_name(key, *name, made);

    sodium_memzero((uint8_t *) name->data, name->len);
    name->data = made;
    name->len = PUPIL_NATIONAL_NAME;

    return rc;
}


/* Is the text one of a list with commas? */
static int
claim_among(const pupil_json_t *json, uint32_t node, pupil_str_t list)
{
    pupil_str_t     word;
    const uint8_t  *comma, *last;

    last = list.data + list.len;

    for (word.data = list.data; /* void */; word.data = comma + 1) {
        comma = memchr(word.data, ',', (size_t) (last - word.data));
        word.len = (size_t) ((comma != NULL ? comma : last) - word.data);

        if (word.len != 0 && pupil_json_is(json, node, word)) {
            return 1;
        }

        if (comma == NULL) {
            return 0;
        }
    }
}


/* Is it one of the list, or of several that it has one? */
static int
claim_any(const pupil_json_t *json, uint32_t node, pupil_str_t list)
{
    uint32_t  element;

    if (node == PUPIL_JSON_NONE
        || pupil_json_type(json, node) != PUPIL_JSON_ARRAY)
    {
        return claim_among(json, node, list);
    }

    for (element = pupil_json_first(json, node); element != PUPIL_JSON_NONE;
         element = pupil_json_next(json, element))
    {
        if (claim_among(json, element, list)) {
            return 1;
        }
    }

    return 0;
}
