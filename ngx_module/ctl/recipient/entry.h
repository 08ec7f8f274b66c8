/*
 * Copyright (C) the Pupil authors
 *
 * A recipient as the command's options say it, as JSON: recipient, title, kind,
 * countries, transfer (or null), fields, applications, why, and evidence with
 * file, date and sha256.  Members as the register has them (register.h).
 */

#ifndef PUPIL_CTL_RECIPIENT_ENTRY_H
#define PUPIL_CTL_RECIPIENT_ENTRY_H

#include "ctl/base/ctl.h"


/* The name of a recipient in the register; -1 with the error said. */
int ctl_recipient_name_check(const char *name);

/* A line of an option, of so many characters; -1 with the error said. */
int ctl_recipient_line(const char *text, const char *option, size_t most);

/*
 * A day, YYYY-MM-DD, that is not to come where the tenant is, once that is
 * known: else today is INT32_MAX.  -1 with the error said.
 */
int ctl_recipient_day(const char *text, const char *option, int32_t today);

/*
 * What the options say, of what needs no database; fields are still as they
 * were given, and the evidence not read.  NULL with the error said.  Ownership:
 * a reference of the caller's.
 */
json_t *ctl_recipient_entry(const ctl_t *ctl);

/*
 * What is left: reads the evidence, and spells out the fields, each of which an
 * open plugin has to grant for what the kind is for.  0 or -1, said.
 */
int ctl_recipient_whole(ctl_t *ctl, json_t *entry);

#endif /* PUPIL_CTL_RECIPIENT_ENTRY_H */
