/*
 * Copyright (C) the Pupil authors
 *
 * The options of pupilctl.
 */

#ifndef PUPIL_CTL_OPTIONS_H
#define PUPIL_CTL_OPTIONS_H

#include "ctl/base/ctl.h"


/* Reads the line into ctl->opt and ctl->args (room for argc); -1: said. */
int ctl_options_parse(ctl_t *ctl, int argc, char **argv);

/* What the line left open: environment, then --config, then defaults. */
int ctl_options_defaults(ctl_t *ctl);

/* Those of all commands. */
void ctl_options_help(FILE *out);

#endif /* PUPIL_CTL_OPTIONS_H */
