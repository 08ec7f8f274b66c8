/*
 * Copyright (C) the Pupil authors
 *
 * A descriptor that is right, of which each bad plugin replaces one part.
 */

#ifndef PUPIL_BAD_H
#define PUPIL_BAD_H

#include "pupil_plugin.h"


#ifndef BAD_HEADER
#define BAD_HEADER  PUPIL_PLUGIN_HEADER
#endif
#ifndef BAD_FLAGS
#define BAD_FLAGS  0
#endif
#ifndef BAD_NAME
#define BAD_NAME  "bad"
#endif
#ifndef BAD_VERSION
#define BAD_VERSION  "1.0.0"
#endif
#ifndef BAD_ABOUT
#define BAD_ABOUT  "A category.", "A source.", "none"
#endif
#ifndef BAD_OWNER
#define BAD_OWNER  PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_ONE
#endif
#ifndef BAD_FIELD
#define BAD_FIELD                                                             \
    { "colour", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.", NULL }
#endif
#ifndef BAD_GRANT
#define BAD_GRANT                                                             \
    { "colour", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,               \
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 }
#endif
#ifndef BAD_OPTION
#define BAD_OPTION  { "size", PUPIL_OPTION_INTEGER, 5, 1, 9, "Why." }
#endif
#ifndef BAD_RETENTION
#define BAD_RETENTION  { PUPIL_EVENT_CREATED, 30, PUPIL_EXPIRY_ERASE }
#endif
#ifndef BAD_FIELDS
#define BAD_FIELDS  fields, PUPIL_COUNT(fields), sizeof(pupil_field_t)
#endif
#ifndef BAD_GRANTS
#define BAD_GRANTS  grants, PUPIL_COUNT(grants), sizeof(pupil_grant_t)
#endif
#ifndef BAD_OPTIONS
#define BAD_OPTIONS  options, PUPIL_COUNT(options), sizeof(pupil_option_t)
#endif
#ifndef BAD_KEPT
#define BAD_KEPT  &retention
#endif
#ifndef BAD_HOOKS
#define BAD_HOOKS  NULL, 0
#endif


__attribute__((unused))
static const pupil_field_t  fields[] = { BAD_FIELD };

__attribute__((unused))
static const pupil_grant_t  grants[] = { BAD_GRANT };

__attribute__((unused))
static const pupil_option_t  options[] = { BAD_OPTION };

__attribute__((unused))
static const pupil_retention_t  retention = BAD_RETENTION;

__attribute__((unused))
static const pupil_hooks_t  hooks = { .normalise = NULL };

__attribute__((unused))
static const pupil_plugin_t  plugin = {
    BAD_HEADER, BAD_FLAGS, BAD_NAME, BAD_VERSION, BAD_ABOUT, BAD_OWNER,
    BAD_FIELDS, BAD_GRANTS, BAD_OPTIONS, BAD_KEPT, BAD_HOOKS
};


#ifndef BAD_ENTRY
const pupil_plugin_t *
pupil_plugin(void)
{
    return &plugin;
}
#endif

#endif /* PUPIL_BAD_H */
