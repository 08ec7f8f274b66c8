/*
 * Copyright (C) the Pupil authors
 *
 * Directives that nginx -t and pupilctl check both read: what their words
 * mean, and what is said of those that are wrong or missing.
 */

#ifndef PUPIL_DIRECTIVE_H
#define PUPIL_DIRECTIVE_H

#include "core/policy/policy.h"


/* What http {} needs as soon as a location has a handler of Pupil's. */
typedef enum {
    PUPIL_NEED_DATABASE = 0,
    PUPIL_NEED_KEYSTORE,
    PUPIL_NEED_MASTER_KEY,
    PUPIL_NEED_PLUGIN,
    PUPIL_NEED_COUNT
} pupil_need_id_t;

typedef struct {
    const char  *directive;
    const char  *words;         /* an example of what to write behind it */
} pupil_need_t;

extern const pupil_need_t  pupil_needs[PUPIL_NEED_COUNT];

/* It is missing: says so, and what to add.  Always PUPIL_INVALID. */
pupil_rc_t pupil_need_missing(pupil_need_id_t need, pupil_error_t *error);


/*
 * pupil_plugin FILE [sha256=HEX] [option=value]...: loads the plugin, sets its
 * options and adds it to the policy.  file: absolute; words: those behind it.
 * *category: to be unloaded by the caller; NULL after a refusal.  Context:
 * configuration, pupilctl.
 */
pupil_rc_t pupil_directive_plugin(pupil_policy_t *policy, const char *file,
    const pupil_str_t *words, uint32_t count, const pupil_alloc_t *alloc,
    pupil_category_t **category, pupil_error_t *error);

/* pupil_keystore CONNINFO [same_cluster]: a word behind the conninfo. */
pupil_rc_t pupil_directive_keystore(pupil_str_t word, int *same_cluster,
    pupil_error_t *error);

#endif /* PUPIL_DIRECTIVE_H */
