/*
 * Copyright (C) the Pupil authors
 *
 * Values of the JSON of SS 12000.  Each function gives the text of one, which
 * is the JSON's memory, and NULL, or what is wrong with it.
 */

#ifndef PUPIL_CTL_ROSTER_SS12000_VALUE_H
#define PUPIL_CTL_ROSTER_SS12000_VALUE_H

#include <jansson.h>

#include "core/base/pupil.h"


typedef const char *(*ss12000_value_pt)(const json_t *value,
    pupil_str_t *text);


const char *ss12000_text(const json_t *value, pupil_str_t *text);
/* A day: it has neither a time nor a zone. */
const char *ss12000_date(const json_t *value, pupil_str_t *text);
const char *ss12000_flag(const json_t *value, pupil_str_t *text);
/* The first text of a list, which may be empty. */
const char *ss12000_first(const json_t *value, pupil_str_t *text);
/* The first address of a list that is of work; none: an empty text. */
const char *ss12000_address(const json_t *value, pupil_str_t *text);

/*
 * path: a name, or two with a dot between them.  NULL: there is none; true,
 * which is no text, where something else stands than an object.
 */
const json_t *ss12000_at(const json_t *item, const char *path);

#endif /* PUPIL_CTL_ROSTER_SS12000_VALUE_H */
