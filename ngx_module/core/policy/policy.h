/*
 * Copyright (C) the Pupil authors
 *
 * The policy: the grants of all loaded plugins, less what configuration
 * denies.  What no grant names is refused (invariant I3); configuration can
 * only narrow (I4): there is no function here that adds a grant.
 */

#ifndef PUPIL_POLICY_H
#define PUPIL_POLICY_H

#include "core/plugin/loader.h"
#include "core/plugin/names.h"


#define PUPIL_POLICY_CATEGORIES  64


typedef struct {
    pupil_str_t  category;
    pupil_str_t  field;             /* empty: every field */
    uint32_t     purpose;           /* 0: every purpose */
    uint32_t     relation;          /* 0: every relation */
} pupil_deny_t;

typedef struct {
    pupil_category_t  *categories[PUPIL_POLICY_CATEGORIES];
    uint32_t           count;
    pupil_deny_t      *denies;      /* ownership: the allocator's */
    uint32_t           denies_count;
} pupil_policy_t;


/* Refuses a second plugin of the same category. */
pupil_rc_t pupil_policy_add(pupil_policy_t *policy,
    pupil_category_t *category, pupil_error_t *error);

/* Index of a category, or -1. */
int32_t pupil_policy_category(const pupil_policy_t *policy,
    pupil_str_t name);

/*
 * Reads what a pupil_deny directive says: "category" or "category.field",
 * then any of "purpose=NAME" and "relation=NAME".  Unknown names are refused
 * with the known ones listed, and so is what no grant has.  A plugin must be
 * loaded before it is narrowed.
 */
pupil_rc_t pupil_deny_parse(const pupil_policy_t *policy,
    const pupil_str_t *words, uint32_t count, pupil_deny_t *deny,
    pupil_error_t *error);

/*
 * The grant that allows this, or NULL.  field: index in the category.
 */
const pupil_grant_t *pupil_policy_grant(const pupil_policy_t *policy,
    uint32_t category, uint32_t field, uint32_t purpose, uint32_t relation,
    uint32_t operation);

/*
 * The policy in force as canonical JSON (categories, fields and grants sorted
 * by name), which pupil.policy keeps, and its SHA-256, which audit records
 * carry.
 */
pupil_rc_t pupil_policy_document(const pupil_policy_t *policy,
    const pupil_alloc_t *alloc, pupil_str_t *document,
    uint8_t hash[PUPIL_HASH_LEN]);

#endif /* PUPIL_POLICY_H */
