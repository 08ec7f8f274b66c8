/*
 * Copyright (C) the Pupil authors
 *
 * What a browser has between the password and the second factor: sealed, so
 * that nothing is stored for who never brings the second.  It gives nothing but
 * the right to bring that.  Context: any.
 */

#ifndef PUPIL_TICKET_H
#define PUPIL_TICKET_H

#include "core/base/text.h"
#include "core/login/carried.h"
#include "core/login/device.h"
#include "core/login/factor.h"
#include "core/login/password.h"


#define PUPIL_TICKET_LIFETIME  300      /* seconds */
#define PUPIL_TICKET_MAILED    600      /* once a code by mail was asked for */
#define PUPIL_TICKET_SKEW      60       /* seconds, between hosts */

typedef struct {
    pupil_uuid_t  subject;
    int64_t       made;                 /* seconds since 1970; with a mail:
                                           when the first was asked for */
    pupil_uuid_t  mail;                 /* the last with a code; or zeroes */
    uint32_t      number;               /* of the password that was right */
    uint8_t       bucket[PUPIL_HASH_LEN];           /* of the throttle */
    uint32_t      known;                /* a device is */
    uint8_t       device[PUPIL_DEVICE_ONE_LEN];     /* to keep, or zeroes */
    uint8_t       token[PUPIL_HASH_LEN];            /* or zeroes */
    uint8_t       secret[PUPIL_FACTOR_SECRET_LEN];  /* it is to confirm */
    char          hash[PUPIL_PASSWORD_HASH_LEN];    /* of the password, at the
                                                       cost in force; or "" */
} pupil_ticket_t;

#define PUPIL_TICKET_LEN                                                      \
    (2 * PUPIL_UUID_LEN + 16 + PUPIL_HASH_LEN + PUPIL_DEVICE_ONE_LEN          \
     + PUPIL_HASH_LEN + PUPIL_FACTOR_SECRET_LEN + PUPIL_PASSWORD_HASH_LEN)
#define PUPIL_TICKET_TEXT_LEN  PUPIL_CARRIED_TEXT_LEN(PUPIL_TICKET_LEN)


/* key: the tenant's service key "token". */
void pupil_ticket_seal(const pupil_key_t *key, const pupil_ticket_t *ticket,
    uint8_t text[PUPIL_TICKET_TEXT_LEN]);

/* PUPIL_INVALID: it is none, or its time is over.  now: since 1970. */
pupil_rc_t pupil_ticket_open(const pupil_key_t *key, pupil_str_t text,
    int64_t now, pupil_ticket_t *ticket);

void pupil_ticket_wipe(pupil_ticket_t *ticket);

/* Was a code by mail asked for? */
int pupil_ticket_mailed(const pupil_ticket_t *ticket);

/* Was a token right? */
int pupil_ticket_enrols(const pupil_ticket_t *ticket);

#endif /* PUPIL_TICKET_H */
