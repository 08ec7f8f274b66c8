/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <string.h>

#include "core/base/time.h"
#include "ctl/audit/forged.h"
#include "ctl/base/text.h"


#define SAID_MAX  100           /* of a batch, one by one */
#define SEEN_MAX  100000        /* then all are met anew */


/* Without padding: its bytes are the key. */
typedef struct {
    pupil_uuid_t  tenant;
    uint64_t      writer, number;
    int64_t       at;
} forged_key_t;


int
forged_say(forged_t *forged, const ctl_t *ctl,
    const pupil_audit_record_t *record)
{
    int           fresh;
    forged_key_t  key;

    if (forged->count == SEEN_MAX) {
        forged_free(forged);
    }

    key.tenant = record->tenant;
    key.writer = record->writer;
    key.number = record->number;
    key.at = record->at;

    (void) ctl_map_put(&forged->seen,
                       ctl_pool_str(&forged->pool, &key, sizeof(key)), &fresh);

    if (!fresh) {
        return 0;
    }

    forged->count++;
    forged->fresh++;

    if (forged->fresh <= SAID_MAX) {
        ctl_error("tenant %s: writer %016" PRIx64 " number %" PRIu64 " is none"
                  " that Pupil wrote: it is not sealed", ctl->tenant_text,
                  record->writer, record->number);
    }

    return 1;
}


void
forged_rest_say(forged_t *forged, const ctl_t *ctl)
{
    if (forged->fresh > SAID_MAX) {
        ctl_error("tenant %s: %" PRIu64 " more are none that Pupil wrote:"
                  " pupilctl audit verify says which", ctl->tenant_text,
                  forged->fresh - SAID_MAX);
    }

    forged->fresh = 0;
}


int
forged_flood_say(const ctl_t *ctl, int count, pupil_time_t read)
{
    char  at[PUPIL_TIME_TEXT_MAX + 1];

    at[pupil_time_format(read, (uint8_t *) at)] = '\0';

    return ctl_error("tenant %s: %d records up to %s are none that Pupil wrote:"
                     " pupilctl audit verify says which; nothing behind them is"
                     " sealed before they are gone", ctl->tenant_text, count,
                     at);
}


void
forged_free(forged_t *forged)
{
    ctl_map_free(&forged->seen);
    ctl_pool_free(&forged->pool);
    forged->count = 0;
}
