/*
 * Copyright (C) the Pupil authors
 *
 * Whose signatures are believed: a certificate that an authority of a file has
 * issued, and whose subject has one name.  An authority of a country issues
 * for everybody in it, so that its word alone is nobody's.
 */

#ifndef PUPIL_CTL_SIGNERS_H
#define PUPIL_CTL_SIGNERS_H

#include <openssl/x509.h>

#include "ctl/base/memory.h"


typedef struct ctl_signers_s  ctl_signers_t;


/*
 * path: certificates in PEM, of authorities: those that issued themselves, and
 * those below them.  name: what the subject has as common name, organisation
 * identifier or serial number.  NULL with the error said.
 */
ctl_signers_t *ctl_signers_open(const char *path, const char *name);
void ctl_signers_close(ctl_signers_t *signers);

/* NULL, or why a certificate is believed of nothing, now. */
const char *ctl_signers_check(const ctl_signers_t *signers, X509 *certificate);

#endif /* PUPIL_CTL_SIGNERS_H */
