/*
 * Copyright (C) the Pupil authors
 *
 * The types of fields: which texts they have, and how these look in JSON.
 */

#ifndef PUPIL_TYPE_H
#define PUPIL_TYPE_H

#include "core/json/json_tree.h"
#include "pupil_plugin.h"


/* Stands for a rule where there was no memory; compared by its address. */
extern const char  pupil_type_no_memory[];

/* Of JSON inside a value. */
extern const pupil_json_limits_t  pupil_type_limits;


/*
 * Is value, which may be rewritten, a text of the type?  NULL, or the rule
 * that it breaks.
 */
const char *pupil_type_check(uint32_t type, pupil_str_t *value,
    const pupil_alloc_t *alloc);

/*
 * A JSON value as a text of the type, which is still to be checked.  NULL, or
 * the rule that is broken.
 */
const char *pupil_type_from_json(uint32_t type, const pupil_json_t *json,
    uint32_t node, const pupil_alloc_t *alloc, pupil_str_t *text);

#endif /* PUPIL_TYPE_H */
