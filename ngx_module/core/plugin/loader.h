/*
 * Copyright (C) the Pupil authors
 *
 * Loading plugins.  See include/pupil_plugin.h for what a plugin is.
 */

#ifndef PUPIL_LOADER_H
#define PUPIL_LOADER_H

#include "core/plugin/copy.h"
#include "pupil_plugin.h"


typedef struct pupil_category_s  pupil_category_t;

/* A loaded plugin.  Ownership: the allocator it was loaded with; the object
 * itself is closed by pupil_category_unload(). */
struct pupil_category_s {
    const pupil_plugin_t  *plugin;
    pupil_str_t            name;
    pupil_str_t           *field_names;  /* plugin->fields_count */
    void                 **patterns;     /* compiled PCRE2, NULL without */
    int64_t               *options;      /* plugin->options_count values */
    uint8_t                sha256[PUPIL_HASH_LEN];   /* of the file */
    pupil_copy_t           copy;         /* of the file, what runs */
    void                  *handle;       /* of dlopen() */
    unsigned               bound:1;      /* its records have facts */
};


/*
 * Loads a copy of the file at path (absolute), and checks its SHA-256 against
 * pin (32 bytes, or NULL) and its descriptor; compiles the patterns (JIT,
 * match limit 10,000).  Each load is code of its own, whatever was loaded
 * from the same path.  Context: configuration.
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

#endif /* PUPIL_LOADER_H */
