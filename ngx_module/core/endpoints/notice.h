/*
 * Copyright (C) the Pupil authors
 *
 * Notices: what people are told of their own account.  A kind and a time, and
 * no value of anybody's.  What is told was done by whoever was let in, or by
 * the operator: nobody else makes a row.
 */

#ifndef PUPIL_NOTICE_H
#define PUPIL_NOTICE_H


#define PUPIL_NOTICE_NEW_DEVICE        "new_device"
#define PUPIL_NOTICE_FAILED_LOGINS     "failed_logins"
#define PUPIL_NOTICE_SESSIONS_ENDED    "sessions_ended"
#define PUPIL_NOTICE_PASSWORD_CHANGED  "password_changed"
#define PUPIL_NOTICE_PASSWORD_BY_CODE  "password_by_code"
#define PUPIL_NOTICE_FACTOR_CHANGED    "second_factor_changed"
#define PUPIL_NOTICE_RECOVERY_USED     "recovery_used"
#define PUPIL_NOTICE_RECOVERY_CHANGED  "recovery_codes_changed"
#define PUPIL_NOTICE_SUPPORT_GRANTED   "support_granted"
#define PUPIL_NOTICE_SUPPORT_REDEEMED  "support_redeemed"
#define PUPIL_NOTICE_TRIAL_ENDS        "trial_ends"
#define PUPIL_NOTICE_ADDRESS_CHANGED   "address_changed"
#define PUPIL_NOTICE_NAME_CHANGED      "login_name_changed"
#define PUPIL_NOTICE_DATA_BREACH       "data_breach"
#define PUPIL_NOTICE_REQUEST_CHANGED   "request_changed"

/* More attempts than the throttle lets pass without a delay (SQL's literal). */
#define PUPIL_NOTICE_BURST  "5"

/* The note of a log-in's record. */
#define PUPIL_NOTICE_NOTE_NEW_DEVICE  "new device"

#endif /* PUPIL_NOTICE_H */
