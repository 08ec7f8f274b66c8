/*
 * Copyright (C) the Pupil authors
 *
 * Images of what a run changes, as it was before, and as the run leaves it:
 * sealed under the key of whose it is, and written in the transaction that
 * changes it.  So what a run that is killed has written has its images, and
 * nothing else has.  docs/architecture.md, "Undoing an import", has the kinds.
 */

#ifndef PUPIL_CTL_ROSTER_IMAGES_H
#define PUPIL_CTL_ROSTER_IMAGES_H

#include "ctl/roster/put.h"
#include "ctl/roster/rows.h"
#include "ctl/roster/stored.h"


/* Kinds of images of people but those of links, which are kinds of links'. */
#define ROSTER_IMAGE_PERSON    "person"
#define ROSTER_IMAGE_ACCOUNT   "account"
#define ROSTER_IMAGE_TITLE     "title"


/* From now on: of what is stored, as it was loaded. */
void roster_images_keep(roster_t *roster, const roster_table_t *tables);
void roster_images_free(roster_t *roster);

/*
 * Each of these in the transaction that changes it, before that does.  Nothing
 * where none are kept.  0, or -1 with the error said.
 */
int roster_images_batch(roster_t *roster, const roster_batch_t *batch);
int roster_images_put(roster_t *roster, const roster_put_t *put);
int roster_images_account(roster_t *roster, const pupil_uuid_t *subjects,
    size_t count, const char *before, const char *after);

/*
 * The value of a record is taken away from somebody who has it: user, as the
 * roster has them, or NULL.  Then in the transaction those who were added.
 */
void roster_images_release_add(roster_t *roster, roster_record_t record,
    const pupil_uuid_t *owner, const roster_item_t *user);
int roster_images_release(roster_t *roster);

/* Once all is written.  run: which it was, or NULL where nothing was. */
int roster_images_end(roster_t *roster, const char **run);

#endif /* PUPIL_CTL_ROSTER_IMAGES_H */
