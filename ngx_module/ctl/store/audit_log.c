/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/text.h"
#include "ctl/store/audit_log.h"
#include "ctl/store/keys.h"


#define ORIGIN  "pupil-audit/"          /* the tenant follows */
#define SIGNS   "seal"                  /* the service key */


int
audit_log_open(audit_log_t *log, ctl_t *ctl, int make)
{
    char  origin[sizeof(ORIGIN) + PUPIL_UUID_TEXT_LEN];

    memset(log, 0, sizeof(audit_log_t));
    log->ctl = ctl;

    if (ctl_keys_take(ctl) != 0
        || (make && ctl_key_ensure(ctl, SIGNS) != 0))
    {
        return -1;
    }

    log->mac = ctl_key(ctl, "mac");
    log->seed = pupil_keyring_service(ctl->ring, &ctl->tenant,
                                      ctl_str(SIGNS));

    if (log->mac == NULL) {
        return -1;
    }

    if (log->seed == NULL) {
        return 0;
    }

    snprintf(origin, sizeof(origin), ORIGIN "%s", ctl->tenant_text);

    return pupil_note_key(origin, PUPIL_NOTE_ED25519, log->seed, &log->key)
           == PUPIL_OK ? 0 : ctl_error("%s names no log", origin);
}


int
audit_log_read(audit_log_t *log, ctl_t *ctl, const char *ended)
{
    if (ended == NULL) {
        return audit_log_open(log, ctl, 0);
    }

    if (ctl->opt.vkey == NULL) {
        return ctl_error("the tenant %s ended at %s: --vkey is needed, the key"
                         " that pupilctl audit key has printed before",
                         ctl->tenant_text, ended);
    }

    memset(log, 0, sizeof(audit_log_t));
    log->ctl = ctl;

    return pupil_note_key_parse(ctl_str(ctl->opt.vkey), &log->key) == PUPIL_OK
           ? 0 : ctl_error("--vkey is no verification key");
}


void
audit_log_close(audit_log_t *log)
{
    pupil_keyring_forget_tenant(log->ctl->ring, &log->ctl->tenant);
    log->mac = NULL;
    log->seed = NULL;
}


void
audit_log_sign(const audit_log_t *log, uint64_t size,
    const pupil_node_t *root, char out[LOG_NOTE_SIZE])
{
    char  text[PUPIL_CHECKPOINT_SIZE], line[PUPIL_NOTE_LINE_SIZE];

    pupil_checkpoint_format(log->key.name, size, root, text);
    pupil_note_sign(&log->key, log->seed, ctl_str(text), 0, line);
    snprintf(out, LOG_NOTE_SIZE, "%s\n%s", text, line);
}


pupil_rc_t
audit_log_checkpoint(const pupil_note_key_t *key, const pupil_note_t *note,
    pupil_checkpoint_t *checkpoint)
{
    uint64_t  seconds;

    if (pupil_checkpoint_parse(note->text, checkpoint) != PUPIL_OK
        || !pupil_str_is(checkpoint->origin, key->name))
    {
        return PUPIL_INVALID;
    }

    return pupil_note_verify(note, key, &seconds);
}
