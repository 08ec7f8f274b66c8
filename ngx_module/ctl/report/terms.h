/*
 * Copyright (C) the Pupil authors
 *
 * What a descriptor's numbers are in the Data Privacy Vocabulary (DPV 2, of
 * W3C's community group) and in words for people.  Pure.
 */

#ifndef PUPIL_CTL_REPORT_TERMS_H
#define PUPIL_CTL_REPORT_TERMS_H

#include "core/base/pupil.h"


/* Of a pupil_purpose_t: the wider purpose of DPV, and what it is for. */
const char *ctl_term_purpose(uint32_t purpose);
const char *ctl_purpose_text(uint32_t purpose);

/* Of a pupil_basis_t: the point of GDPR article 6(1). */
const char *ctl_term_basis(uint32_t basis);
const char *ctl_basis_text(uint32_t basis);

/* Of a pupil_operation_t. */
const char *ctl_term_operation(uint32_t operation);

/*
 * Who stands to a record by this pupil_relation_t.  The name is NULL where that
 * is no recipient (GDPR article 4(9)): the person, and who runs the program.
 */
const char *ctl_recipient_name(uint32_t relation);
const char *ctl_recipient_text(uint32_t relation);

/* Of the names that plugin show has for an event and what follows it. */
const char *ctl_event_text(const char *event);
const char *ctl_expiry_text(const char *then);

#endif /* PUPIL_CTL_REPORT_TERMS_H */
