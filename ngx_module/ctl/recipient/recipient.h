/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl recipient: the register of who receives personal data of a tenant,
 * and by which instruction of the controller (GDPR articles 28 and 30).
 */

#ifndef PUPIL_CTL_RECIPIENT_RECIPIENT_H
#define PUPIL_CTL_RECIPIENT_RECIPIENT_H

#include "ctl/base/ctl.h"


/* recipient.c */
int ctl_cmd_recipient_add(ctl_t *ctl);
int ctl_cmd_recipient_instruct(ctl_t *ctl);
int ctl_cmd_recipient_withdraw(ctl_t *ctl);
int ctl_cmd_recipient_end(ctl_t *ctl);

/* show.c */
int ctl_cmd_recipient_list(ctl_t *ctl);
int ctl_cmd_recipient_show(ctl_t *ctl);

/* disclosures.c */
int ctl_cmd_recipient_disclosures(ctl_t *ctl);

#endif /* PUPIL_CTL_RECIPIENT_RECIPIENT_H */
