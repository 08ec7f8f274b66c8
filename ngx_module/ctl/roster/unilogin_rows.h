/*
 * Copyright (C) the Pupil authors
 *
 * An export of UNI-Login becomes rows of files in memory.
 */

#ifndef PUPIL_CTL_ROSTER_UNILOGIN_ROWS_H
#define PUPIL_CTL_ROSTER_UNILOGIN_ROWS_H

#include "ctl/base/map.h"
#include "ctl/base/xml.h"
#include "ctl/roster/sheet.h"
#include "ctl/roster/unilogin_fetch.h"


#define UNILOGIN_NS  "https://brugerdatabasen.stil.dk/bpi/wsieksport/7"
#define UNILOGIN_NS_COMMON  "https://brugerdatabasen.stil.dk/bpi/common/3"


typedef enum {
    INSTITUTIONS = 0,
    GROUPS,
    PROTECTED,                  /* before the others: whoever is in it is not
                                   taken, whatever another institution says */
    PERSONS,
    ROLES,
    STUDENTS,
    EMPLOYEES,
    OTHERS,
    SHEETS
} unilogin_sheet_t;

struct unilogin_s {
    ctl_pool_t    pool;
    sheet_t       sheets[SHEETS];
    size_t        rows;
    size_t        groups, seen; /* numbers of the last ones */
    int           full;         /* more than that are not taken */

    ctl_map_t     persons;      /* by UniID: in names */
    pupil_str_t  *names;        /* both, with a NUL between them */
    uint32_t      names_count, names_size;
};


void unilogin_rows_init(unilogin_t *all);
void unilogin_rows_free(unilogin_t *all);

/* One that is there, and not to be taken. */
void unilogin_elsewhere(unilogin_t *all, pupil_str_t number);

/*
 * body: the answer to eksporterXmlLille of an institution.  NULL, or why it is
 * none.
 */
const char *unilogin_take(unilogin_t *all, const xmlNode *body,
    pupil_str_t number);

#endif /* PUPIL_CTL_ROSTER_UNILOGIN_ROWS_H */
