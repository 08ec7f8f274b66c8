/*
 * Copyright (C) the Pupil authors
 *
 * The register of recipients in the record of processing (GDPR article 30(1)(d)
 * and (e)): those that have not ended, and for which activities.
 */

#ifndef PUPIL_CTL_REPORT_OUTSIDE_H
#define PUPIL_CTL_REPORT_OUTSIDE_H

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"


/*
 * outside: by ctl_register_read().  To the list of recipients, each as an
 * object whose member organisation is its name in the register.
 */
void ctl_outside_add(const json_t *outside, json_t *list);

/*
 * To a list, the IRIs of those who the controller has instructed and who
 * receive a field that its plugin grants for this purpose.  Plugins are open.
 */
void ctl_outside_serving(const ctl_t *ctl, const json_t *outside,
    uint32_t purpose, json_t *list);

/* Whether the controller has instructed who runs the machines. */
int ctl_outside_hosted(const json_t *outside);

/* Of a record: as lines of text, and as a part of the page. */
void ctl_outside_print(const json_t *record);
void ctl_outside_page(ctl_buf_t *page, const json_t *record);

#endif /* PUPIL_CTL_REPORT_OUTSIDE_H */
