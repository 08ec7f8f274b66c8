/*
 * Copyright (C) the Pupil authors
 */

#include "core/base/text.h"
#include "core/endpoints/login.h"
#include "ctl/base/text.h"
#include "ctl/store/mail.h"
#include "ctl/store/notice.h"
#include "ctl/store/told.h"


int
ctl_told_name(ctl_t *ctl, const pupil_uuid_t *subject)
{
    pupil_str_t  in_force = { NULL, 0 };    /* when it is sent */

    return ctl_notice(ctl, subject, PUPIL_NOTICE_NAME_CHANGED) == 0
           ? ctl_mail_put(ctl, subject, PUPIL_MAIL_NAME_CHANGED,
                          ctl_str("mul"), in_force)
           : -1;
}
