/*
 * Copyright (C) the Pupil authors
 *
 * pupil_access: who gets through to an application behind nginx, and what that
 * is told of them.  It is told a name of its own for each person, and of the
 * person the claims that the directive lists and a grant names: to themselves
 * (relation self), for the purpose of the directive.
 *
 * That is one statement for each location, made of what the directive says.
 */

#ifndef PUPIL_ACCESS_H
#define PUPIL_ACCESS_H

#include "core/endpoints/columns.h"
#include "core/endpoints/endpoint.h"
#include "core/endpoints/words.h"


#define PUPIL_ACCESS_NAME_MAX  32     /* bytes of an application's name */
#define PUPIL_ACCESS_CLAIMS    8
#define PUPIL_ACCESS_AGE_LEAST 60     /* seconds */

/* Of header fields: this alone, and with -CATEGORY-FIELD behind it. */
#define PUPIL_ACCESS_HEADER  "X-Pupil-User"

/* The rows of the directive's words. */
enum {
    PUPIL_ACCESS_APPLICATION = 0,     /* or "off" */
    PUPIL_ACCESS_PURPOSE,
    PUPIL_ACCESS_ROLE,
    PUPIL_ACCESS_AGE,                 /* seconds */
    PUPIL_ACCESS_STEP_UP,             /* seconds */
    PUPIL_ACCESS_TOLD,                /* claims */
    PUPIL_ACCESS_LOGIN,               /* a path */
    PUPIL_ACCESS_WORDS
};

extern const pupil_word_t  pupil_access_words[PUPIL_ACCESS_WORDS];

/* Whether an application may be called that. */
int pupil_access_application(pupil_str_t name);

/* The rule of the directive: what the table cannot say. */
pupil_rc_t pupil_access_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);


/* The one statement: who it is as owner, then what is granted. */
enum {
    PUPIL_AC_OWNER = 1,
    PUPIL_AC_COLUMNS = PUPIL_AC_OWNER + PUPIL_OWNER_COLUMNS
};

enum {
    PUPIL_ACCESS_ENTER = 0,
    PUPIL_ACCESS_COUNT
};

/* Its wants: that the application is told the name; from here on claims. */
enum {
    PUPIL_AC_WANT_NAME = 0,
    PUPIL_AC_WANT_CLAIM
};

typedef struct {
    char         category[PUPIL_MAX_NAME + 1];
    char         field[PUPIL_MAX_NAME + 1];
    char         header[sizeof(PUPIL_ACCESS_HEADER "--") + 2 * PUPIL_MAX_NAME];
    unsigned     role:1;              /* the session's role: in no table */
} pupil_claim_t;

/* What a directive says, and what is made of it. */
typedef struct {
    char              application[PUPIL_ACCESS_NAME_MAX + 1];
    uint32_t          purpose;        /* pupil_purpose_t */
    uint32_t          roles;          /* a bit for each pupil_role_t */
    int64_t           age;            /* of the log-in at most, seconds; 0: any
                                         that the session lives to */
    int64_t           step_up;        /* of the proof, as that */
    pupil_str_t       login;          /* empty: nobody is sent there */
    pupil_claim_t     claims[PUPIL_ACCESS_CLAIMS];
    uint32_t          count;          /* of claims */

    pupil_endpoint_t  endpoint;
    pupil_template_t  template;
    pupil_want_t      wants[PUPIL_AC_WANT_CLAIM + PUPIL_ACCESS_CLAIMS];
} pupil_access_t;


/*
 * Whether a path, as the client wrote it and without arguments, means the same
 * to nginx, which chooses the location by it, and to an application that takes
 * it as it is: no dot segment (RFC 3986, 3.3), also where a semicolon and more
 * is behind the dots; no slash that is encoded; no backslash.
 */
int pupil_access_path(pupil_str_t path);

/* Its directive, as handlers have one; what it serves a location makes. */
extern const pupil_endpoint_t  pupil_access_endpoint;


/*
 * From words that the rule has passed.  *access is the allocator's; NULL for
 * "off".  PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_access_read(const pupil_words_t *words,
    const pupil_alloc_t *alloc, pupil_access_t **access);

/*
 * Makes access->endpoint, for pupil_location_compose(), by these plugins, once.
 * PUPIL_INVALID with error set: a claim is in no record of the person's own.
 * Whether it is granted, pupil_location_compose() finds.
 */
pupil_rc_t pupil_access_compose(pupil_access_t *access,
    const pupil_policy_t *policy, const pupil_alloc_t *alloc,
    pupil_error_t *error);

#endif /* PUPIL_ACCESS_H */
