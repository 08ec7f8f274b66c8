/*
 * Copyright (C) the Pupil authors
 *
 * What a descriptor's numbers are called in documents, SQL and configuration,
 * and the lists of names that it holds.
 */

#ifndef PUPIL_NAMES_H
#define PUPIL_NAMES_H

#include "core/base/pupil.h"
#include "pupil_plugin.h"


/* "?" when out of range. */
const char *pupil_purpose_name(uint32_t purpose);
const char *pupil_relation_name(uint32_t relation);
const char *pupil_operation_name(uint32_t operation);
const char *pupil_basis_name(uint32_t basis);
const char *pupil_event_name(uint32_t event);
const char *pupil_expiry_name(uint32_t expiry);
const char *pupil_type_name(uint32_t type);

/*
 * The column type of a field as PostgreSQL's format_type() writes it: "bytea"
 * for a sealed one, "timestamp with time zone", "uuid[]"...
 */
const char *pupil_field_column(const pupil_field_t *field);

/*
 * Walks over a list of names separated by spaces, as in a grant's fields:
 * for (p = list; pupil_name_next(&p, &name); )
 */
int pupil_name_next(const char **list, pupil_str_t *name);

/* Does a list of names hold this one? */
int pupil_name_listed(const char *list, const char *name);

#endif /* PUPIL_NAMES_H */
