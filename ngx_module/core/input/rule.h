/*
 * Copyright (C) the Pupil authors
 *
 * An object of a request body is a table with a row per member.
 */

#ifndef PUPIL_RULE_H
#define PUPIL_RULE_H

#include "core/input/input.h"


#define RULE_REQUIRED   0x1
#define RULE_NULLABLE   0x2     /* null stands for absent */
#define RULE_EXCLUSIVE  0x4     /* a number must be over min */

#define pupil_rule_count(table)  (sizeof(table) / sizeof((table)[0]))


/* What a member is; the unit of min and max, and what is set, beside it. */
typedef enum {
    RULE_UUID = 0,      /* pupil_uuid_t */
    RULE_NAME,          /* bytes; pupil_str_t; no control characters */
    RULE_LINE,          /* characters; pupil_str_t; no format ones either */
    RULE_TEXT,          /* bytes; pupil_str_t; tabs and line ends may be */
    RULE_SECRET,        /* bytes; pupil_str_t, always a copy; anything */
    RULE_TIME,          /* days before and after now; pupil_time_t */
    RULE_NUMBER,        /* units; pupil_input_number_t */
    RULE_BOOL,          /* pupil_input_bool_t */
    RULE_DURATION,      /* pupil_str_t */
    RULE_RAW,           /* max in bytes; pupil_str_t; any value */
    RULE_LIST,          /* elements; sets nothing */
    RULE_OBJECT         /* sets nothing */
} pupil_rule_kind_t;


typedef struct {
    const char  *name;
    uint8_t      kind;
    uint8_t      flags;
    uint32_t     min;
    uint32_t     max;
    size_t       offset;    /* in the struct that is filled */
} pupil_rule_t;


/*
 * Refuses the node: 422 with its pointer.  Returns PUPIL_INVALID.  rule is
 * static.
 */
pupil_rc_t pupil_rule_refuse(pupil_body_t *in, uint32_t node,
    const char *rule);

/* The same for the object's member of that name, which may be missing. */
pupil_rc_t pupil_rule_refuse_member(pupil_body_t *in, uint32_t object,
    const char *name, const char *rule);

/* One member by its rule into the struct at out, at the rule's offset. */
pupil_rc_t pupil_rule_member(pupil_body_t *in, uint32_t node,
    const pupil_rule_t *rule, void *out);

/*
 * The object by its table, into out.  Absent members leave out as it is.
 * *given (which may be NULL) gets a bit per rule, in their order.  Rules are
 * applied in the order of the table, after unknown members are refused.
 * PUPIL_OK, PUPIL_INVALID with in->fault, PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_rule_object(pupil_body_t *in, uint32_t object,
    const pupil_rule_t *rules, size_t count, void *out, unsigned *given);

/*
 * A body that is one object, without dates, by its table, into out.  *in is for
 * what is judged of it afterwards.  As pupil_input_parse() and
 * pupil_rule_object().
 */
pupil_rc_t pupil_rule_body(pupil_body_t *in, const pupil_alloc_t *alloc,
    const pupil_str_t *body, const pupil_rule_t *rules, size_t count,
    void *out, pupil_fault_t *fault);

#endif /* PUPIL_RULE_H */
