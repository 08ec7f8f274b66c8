/*
 * Copyright (C) the Pupil authors
 *
 * A tenant's sealed log: its name, and the keys that salt its leaves and sign
 * its checkpoints.
 */

#ifndef PUPIL_CTL_AUDIT_LOG_H
#define PUPIL_CTL_AUDIT_LOG_H

#include "core/audit/checkpoint.h"
#include "ctl/base/ctl.h"


#define LOG_NOTE_SIZE  (PUPIL_CHECKPOINT_SIZE + PUPIL_NOTE_LINE_SIZE)

typedef struct {
    ctl_t              *ctl;
    const pupil_key_t  *mac;
    const pupil_key_t  *seed;       /* of the key below */
    pupil_note_key_t    key;        /* its name is the log's origin */
} audit_log_t;


/*
 * Opens the keys of ctl's tenant.  make: the one that signs is made where the
 * tenant is older than it; else the log has no seed then, and a key that has
 * signed nothing.
 */
int audit_log_open(audit_log_t *log, ctl_t *ctl, int make);

/*
 * To read it.  ended: when its tenant has, or NULL: then without keys, and the
 * key above is --vkey, which has to be there.
 */
int audit_log_read(audit_log_t *log, ctl_t *ctl, const char *ended);

/* The tenant's keys are closed: another can be opened. */
void audit_log_close(audit_log_t *log);

/* The note of a checkpoint, NUL-terminated. */
void audit_log_sign(const audit_log_t *log, uint64_t size,
    const pupil_node_t *root, char out[LOG_NOTE_SIZE]);

/*
 * The checkpoint of a note that this key has signed, of this log.  PUPIL_OK,
 * PUPIL_INVALID for no checkpoint of it, PUPIL_NOT_FOUND for one that the key
 * has not signed, or PUPIL_TAMPERED.
 */
pupil_rc_t audit_log_checkpoint(const pupil_note_key_t *key,
    const pupil_note_t *note, pupil_checkpoint_t *checkpoint);

#endif /* PUPIL_CTL_AUDIT_LOG_H */
