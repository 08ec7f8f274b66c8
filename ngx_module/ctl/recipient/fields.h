/*
 * Copyright (C) the Pupil authors
 *
 * Which fields of which categories a recipient can be given: those that plugins
 * grant somebody for a purpose that its kind is for.
 */

#ifndef PUPIL_CTL_RECIPIENT_FIELDS_H
#define PUPIL_CTL_RECIPIENT_FIELDS_H

#include "ctl/base/ctl.h"
#include "ctl/recipient/terms.h"


/*
 * given: each category.field, a category, or "all" by itself, of a recipient of
 * kind hosting.  The fields as category.field, in order, each once; NULL with
 * the error said.  Plugins are open.  Ownership: a reference of the caller's.
 */
json_t *ctl_recipient_fields(ctl_t *ctl, const ctl_recipient_kind_t *kind,
    const json_t *given);

/* Of an array of texts one in their order, each once.  Takes the reference. */
json_t *ctl_texts_sorted(json_t *list);

#endif /* PUPIL_CTL_RECIPIENT_FIELDS_H */
