/*
 * Copyright (C) the Pupil authors
 *
 * One value of one field: from what a client sent to what is stored, and what
 * hooks make of it.  Context of all: request.
 */

#ifndef PUPIL_VALUE_H
#define PUPIL_VALUE_H

#include "core/json/json_tree.h"
#include "core/json/writer.h"
#include "core/plugin/loader.h"


/*
 * From what a client sent to the clear value that is stored: type, size,
 * normalise, size and pattern of the result, validate.  PUPIL_INVALID with
 * fault set (422, field "/<name>", rule); PUPIL_NO_MEMORY.  Rules: "type",
 * "uuid", "date", "date-time", "integer", those of pupil_decimal_parse(),
 * "utf8", "nul", "minLength" (empty although required), "maxLength",
 * "pattern", and the plugin's own.  null is "type" but for PUPIL_TYPE_JSON:
 * what it means to take a value away is the caller's.  The value may point
 * into the document.
 *
 * The clear value of a PUPIL_TYPE_UUID_LIST is its ids, 36 characters each,
 * separated by single spaces.
 */
pupil_rc_t pupil_value_accept(const pupil_category_t *category,
    uint32_t field, const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_str_t *value, pupil_fault_t *fault);

/* The same from a clear text, as an import has it. */
pupil_rc_t pupil_value_accept_text(const pupil_category_t *category,
    uint32_t field, pupil_str_t text, const pupil_alloc_t *alloc,
    pupil_str_t *value, pupil_fault_t *fault);

/* Writes a clear value as JSON of the field's type; null when it is none. */
void pupil_value_write(const pupil_category_t *category, uint32_t field,
    pupil_str_t value, pupil_writer_t *writer);

/* The same by a pupil_field_type_t. */
void pupil_value_write_as(uint32_t type, pupil_str_t value,
    pupil_writer_t *writer);

/*
 * The term of the blind index, before keying: what the plugin makes of the
 * value, as identifiers are compared (fold.h).  _before: without that, as it
 * was stored before migration 021.
 */
pupil_rc_t pupil_value_term(const pupil_category_t *category, uint32_t field,
    pupil_str_t value, const pupil_alloc_t *alloc, pupil_str_t *term);
pupil_rc_t pupil_value_term_before(const pupil_category_t *category,
    uint32_t field, pupil_str_t value, const pupil_alloc_t *alloc,
    pupil_str_t *term);

/* The coarser value that a projected grant shows. */
pupil_rc_t pupil_value_project(const pupil_category_t *category,
    uint32_t field, uint32_t purpose, pupil_str_t value,
    const pupil_alloc_t *alloc, pupil_str_t *out);

/*
 * What stays of a value when the person goes; empty: nothing does.  now:
 * microseconds since 1970.
 */
pupil_rc_t pupil_value_anonymise(const pupil_category_t *category,
    uint32_t field, pupil_str_t value, pupil_time_t now,
    const pupil_alloc_t *alloc, pupil_str_t *out);

#endif /* PUPIL_VALUE_H */
