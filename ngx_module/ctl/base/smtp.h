/*
 * Copyright (C) the Pupil authors
 *
 * Mail, given to the relay of --mail by SMTP (RFC 5321): over TLS, which has to
 * be authentic, from the beginning (smtps://) or by STARTTLS (smtp://); in
 * clear to a relay on this host alone, where --mail-plain asks for it.
 */

#ifndef PUPIL_CTL_SMTP_H
#define PUPIL_CTL_SMTP_H

#include "ctl/base/ctl.h"


typedef struct {
    const char  *to;            /* an address */
    const char  *id;            /* of the message, before the @ */
    const char  *subject;       /* as RFC 2047 has it */
    const char  *text;          /* UTF-8, lines end with CRLF */
} ctl_smtp_mail_t;


/* The options; 0, also where there is no --mail, or -1 with the error said. */
int ctl_smtp_check(ctl_t *ctl);

/*
 * 0: the relay said yes; 1: it refused this mail, for now or for good; -1: it
 * takes none.  Both say the error, without the address.  Waits for a minute at
 * most, and half of one for a goodbye that nobody says.
 */
int ctl_smtp_send(ctl_t *ctl, const ctl_smtp_mail_t *mail);

#endif /* PUPIL_CTL_SMTP_H */
