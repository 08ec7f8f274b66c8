#include "ctl.h"
int
ctl_cmd_check(ctl_t *ctl)
{
    (void) ctl;
    return 0;
}
