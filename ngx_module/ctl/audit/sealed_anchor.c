/*
 * Copyright (C) the Pupil authors
 *
 * The file of checkpoints, held against batches as they come.
 */

#include <string.h>

#include "ctl/audit/sealed_run.h"


void
sealed_anchor_take(sealed_run_t *r)
{
    size_t             at;
    pupil_rc_t         rc;
    pupil_note_t       note;
    sealed_finding_t  *finding;

    for (r->anchored_more = 0; !r->anchored_more; r->sealed->anchors++) {
        at = anchor_at(&r->anchor);

        rc = anchor_next(&r->anchor, &note);
        if (rc == PUPIL_NOT_FOUND) {
            return;
        }

        r->anchored_at = at;
        r->anchored_more = rc == PUPIL_OK
                           && audit_log_checkpoint(&r->sealed->key, &note,
                                                   &r->anchored) == PUPIL_OK;

        if (!r->anchored_more) {
            finding = sealed_find(r->sealed, SEALED_ANCHOR, 0);
            finding->byte = at;
        }

        if (rc != PUPIL_OK) {
            return;
        }
    }
}


void
sealed_anchors_check(sealed_run_t *r, const contents_t *contents,
    const pupil_node_t *root)
{
    int                anchored;
    sealed_finding_t  *finding;

    anchored = 0;

    while (r->anchored_more && r->anchored.size <= contents->size) {

        if (r->anchored.size != contents->size
            || memcmp(&r->anchored.root, root, sizeof(pupil_node_t)) != 0)
        {
            finding = sealed_find(r->sealed, SEALED_ANCHOR, contents->batch);
            finding->byte = r->anchored_at;
            finding->size = r->anchored.size;

        } else {
            anchored = 1;
        }

        sealed_anchor_take(r);
    }

    if (!anchored && r->unanchored == 0) {
        r->unanchored = contents->batch;
    }

    /* the last may be on their way */
    if (anchored && r->unanchored != 0) {
        (void) sealed_find(r->sealed, SEALED_UNANCHORED, r->unanchored);
        r->unanchored = 0;
    }
}


/* One finding: behind the first it has no news. */
void
sealed_anchors_end(sealed_run_t *r)
{
    sealed_finding_t  *finding;

    if (r->anchored_more) {
        finding = sealed_find(r->sealed, SEALED_TRUNCATED, r->batch);
        finding->size = r->anchored.size;
        finding->byte = r->anchored_at;
    }

    while (r->anchored_more) {
        sealed_anchor_take(r);
    }
}
