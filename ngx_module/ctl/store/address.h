/*
 * Copyright (C) the Pupil authors
 *
 * Which address of somebody is in force (invariant I18).  Where another took
 * its place it is under a number of the key store, which its row of the blind
 * index proves: so nobody puts back the one of before, whose mailbox may be
 * somebody else's.
 */

#ifndef PUPIL_CTL_STORE_ADDRESS_H
#define PUPIL_CTL_STORE_ADDRESS_H

#include "core/vault/authentic.h"
#include "ctl/base/ctl.h"


#define CTL_ADDRESS_SEALED  512         /* bytes of one, sealed, at most */


/* As it is stored; stored->len 0: there is none. */
int ctl_address_read(ctl_t *ctl, const pupil_uuid_t *owner,
    uint8_t sealed[CTL_ADDRESS_SEALED], pupil_str_t *stored);

/* The MAC of an address by its term, which was written under the number. */
int ctl_address_mac(ctl_t *ctl, const uint8_t term[PUPIL_TERM_LEN],
    const pupil_uuid_t *owner, uint32_t number, uint8_t mac[PUPIL_MAC_LEN]);

/*
 * Numbers for other addresses of these, an array of ids: a row of id and number
 * each, as many as count.  What there was counts no more from then on.
 */
int ctl_address_numbers(ctl_t *ctl, const char *subjects, int count,
    PGresult **res);

/*
 * 1: this is the address that was written last, or none took the place of any;
 * 0: it is one of before.  In a transaction of the data database.
 */
int ctl_address_counts(ctl_t *ctl, const pupil_uuid_t *owner,
    const char *address);

#endif /* PUPIL_CTL_STORE_ADDRESS_H */
