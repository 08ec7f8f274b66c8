/*
 * Copyright (C) the Pupil authors
 *
 * Plugins: loading, checking, and everything that the host does with one
 * value of one field.  See include/pupil_plugin.h for what a plugin is.
 */

#ifndef PUPIL_LOADER_H
#define PUPIL_LOADER_H

#include "core/json/json.h"
#include "core/base/pupil.h"
#include "pupil_plugin.h"
#include "core/json/writer.h"


typedef struct pupil_category_s  pupil_category_t;

/* A loaded plugin.  Ownership: the allocator it was loaded with; the object
 * itself is closed by pupil_category_unload(). */
struct pupil_category_s {
    const pupil_plugin_t  *plugin;
    pupil_str_t            name;
    pupil_str_t           *field_names;  /* plugin->fields_count */
    void                 **patterns;     /* compiled PCRE2, NULL without */
    int64_t               *options;      /* plugin->options_count values */
    uint8_t                sha256[32];   /* of the file */
    void                  *handle;       /* of dlopen() */
};


/* Names as in documents, SQL and configuration; "?" when out of range. */
const char *pupil_purpose_name(uint32_t purpose);
const char *pupil_relation_name(uint32_t relation);
const char *pupil_operation_name(uint32_t operation);
const char *pupil_basis_name(uint32_t basis);

const char *pupil_type_name(uint32_t type);

/* The reverse; 0 for an unknown name. */
uint32_t pupil_purpose_find(pupil_str_t name);
uint32_t pupil_relation_find(pupil_str_t name);

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

/* Are these bytes this text? */
int pupil_str_is(pupil_str_t str, const char *text);

/*
 * Fills an error, cut to fit, and returns PUPIL_INVALID so that it can be
 * returned.  error may be NULL.
 */
pupil_rc_t pupil_error_set(pupil_error_t *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));


/*
 * Checks a descriptor, protecting fields first; the text of a refusal names
 * the field at fault and both values.  Pure.  Context: configuration.
 */
pupil_rc_t pupil_plugin_check(const pupil_plugin_t *plugin,
    pupil_error_t *error);

/*
 * Loads path (absolute), checks the file's SHA-256 against pin (32 bytes, or
 * NULL), the descriptor, and compiles the patterns (JIT, match limit 10,000).
 * Refuses a file that changed under a name that is loaded already ("restart
 * needed": dlopen() would return the old code).  Context: configuration.
 */
pupil_rc_t pupil_category_load(const char *path, const uint8_t *pin,
    const pupil_alloc_t *alloc, pupil_category_t **category,
    pupil_error_t *error);
void pupil_category_unload(pupil_category_t *category);

/*
 * A category from a descriptor that is linked in, for tests and fuzzers.
 */
pupil_rc_t pupil_category_wrap(const pupil_plugin_t *plugin,
    const pupil_alloc_t *alloc, pupil_category_t **category,
    pupil_error_t *error);

/* Sets an option from "name=value".  Context: configuration. */
pupil_rc_t pupil_category_option(pupil_category_t *category,
    pupil_str_t setting, pupil_error_t *error);

/* Index of a field, or -1. */
int32_t pupil_category_field(const pupil_category_t *category,
    pupil_str_t name);


/*
 * From what a client sent to the clear value that is stored: type, size,
 * normalise, size and pattern of the result, validate.  node: of the scanned
 * document at json.  PUPIL_INVALID with fault set (422, field "/<name>",
 * rule); PUPIL_NO_MEMORY.  Rules: "type", "uuid", "date", "date-time",
 * "integer", those of pupil_decimal_parse(), "utf8", "nul", "minLength"
 * (empty although required), "maxLength", "pattern", and the plugin's own.
 * null is "type" but for PUPIL_TYPE_JSON: what it means to take a value away
 * is the caller's.  The value may point into the document.  Context: request.
 *
 * The clear value of a PUPIL_TYPE_UUID_LIST is its ids, 36 characters each,
 * separated by single spaces.
 */
pupil_rc_t pupil_value_accept(const pupil_category_t *category,
    uint32_t field, const uint8_t *json, const pupil_json_node_t *nodes,
    uint32_t node, const pupil_alloc_t *alloc, pupil_str_t *value,
    pupil_fault_t *fault);

/* The same from a clear text, as an import has it. */
pupil_rc_t pupil_value_accept_text(const pupil_category_t *category,
    uint32_t field, pupil_str_t text, const pupil_alloc_t *alloc,
    pupil_str_t *value, pupil_fault_t *fault);

/* Writes a clear value as JSON of the field's type; null when it is none. */
void pupil_value_write(const pupil_category_t *category, uint32_t field,
    pupil_str_t value, pupil_writer_t *writer);

/* The term of the blind index, before keying. */
pupil_rc_t pupil_value_term(const pupil_category_t *category, uint32_t field,
    pupil_str_t value, const pupil_alloc_t *alloc, pupil_str_t *term);

/* The coarser value that a projected grant shows. */
pupil_rc_t pupil_value_project(const pupil_category_t *category,
    uint32_t field, uint32_t purpose, pupil_str_t value,
    const pupil_alloc_t *alloc, pupil_str_t *out);

#endif /* PUPIL_LOADER_H */
