/*
 * Copyright (C) the Pupil authors
 *
 * Statements of the log-in that stand in files of their own.
 */

#ifndef PUPIL_LOGIN_SQL_H
#define PUPIL_LOGIN_SQL_H

extern const char  pupil_login_change_sql[];
extern const char  pupil_login_codes_sql[];
extern const char  pupil_login_forgotten_sql[];
extern const char  pupil_login_mail_sql[];

#endif /* PUPIL_LOGIN_SQL_H */
