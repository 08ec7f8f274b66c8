/*
 * Copyright (C) the Pupil authors
 *
 * The commands of pupilctl.
 */

#ifndef PUPIL_CTL_COMMANDS_H
#define PUPIL_CTL_COMMANDS_H

#include "ctl/base/ctl.h"


typedef struct {
    const char  *words;         /* separated by single spaces */
    int          min, max;      /* words behind them */
    int          personal;      /* touches persons: only with a ticket (I19) */
    int          large;         /* a statement may be of all of a tenant */
    int        (*run)(ctl_t *ctl);
    const char  *arguments;     /* for the help */
    const char  *summary;
} ctl_command_t;


/* In the order of the help; ends with one whose words are NULL. */
extern const ctl_command_t  ctl_commands[];

#endif /* PUPIL_CTL_COMMANDS_H */
