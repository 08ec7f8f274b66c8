/*
 * Copyright (C) the Pupil authors
 *
 * What pupilctl audit verify finds in the records of writers.
 */

#include "ctl/audit/sequence.h"
#include "tap.h"


/* As finding_kind_t. */
static const char  kinds[] = "mctoud";

static sequence_t  s;


static void
declare(const char *note)
{
    pupil_str_t  text = { (const uint8_t *) note, strlen(note) };

    ok(sequence_declare(&s, text) == 0, "I20: declared: %s", note);
}


/*
 * Records, "WRITER.NUMBER", then "!" for one that was changed, "=1" for its
 * choice, "@60" for its second; and what is found, "KIND WRITER.FIRST-LAST".
 */
static void
finds(const char *records, const char *expected)
{
    int                    len = 0, at = 0;
    char                   found[256] = "";
    size_t                 i;
    const char            *p;
    const finding_t       *f;
    pupil_audit_record_t   record;

    sequence_begin(&s);
    memset(&record, 0, sizeof(record));

    for (p = records; *p != '\0'; p += *p == ' ') {
        record.writer = strtoull(p, (char **) &p, 10);
        record.number = strtoull(p + 1, (char **) &p, 10);
        record.choice = *p == '=' ? (uint32_t) strtoul(p + 1, (char **) &p, 10)
                                  : 0;
        at = *p == '@' ? (int) strtoul(p + 1, (char **) &p, 10) : at + 1;
        record.at = at * INT64_C(1000000);
        sequence_record(&s, &record, *p != '!');
        p += *p == '!';
    }

    sequence_end(&s);
    f = s.findings.elts;

    for (i = 0; i < s.findings.count; i++) {
        len += snprintf(found + len, sizeof(found) - (size_t) len,
                        "%s%c %llu.%llu-%llu", i ? ", " : "",
                        kinds[f[i].kind], (unsigned long long) f[i].writer,
                        (unsigned long long) f[i].first,
                        (unsigned long long) f[i].last);
    }

    ok(strcmp(found, expected) == 0, "I20: \"%s\": \"%s\" (%s)", records,
       expected, found);
    sequence_free(&s);
}


static void
test_numbers(void)
{
    finds("", "");
    finds("1.1 1.2 1.3 2.1 2.2", "");
    finds("1.1 1.3", "m 1.2-2");
    finds("1.2 1.3", "m 1.1-1");
    finds("1.1 1.2 2.5", "m 2.1-4");
    finds("1.1 1.2 1.2 1.3", "t 1.2-2");
    finds("1.1 1.2! 1.3", "c 1.2-2");
    finds("1.1 1.2! 1.2 1.3", "c 1.2-2");
    finds("1.1 1.4! 1.6", "c 1.4-4, m 1.2-3, m 1.5-5");
    finds("1.1 1.2 1.99!", "c 1.99-99");
    finds("1.1@100 1.2@41", "");
    finds("1.1@100 1.2@39", "d 1.2-2");
}


static void
test_declared(void)
{
    declare("writer 0000000000000001: 2-3 5");
    finds("1.1 1.4 1.6", "");

    declare("writer 0000000000000001: 2-3 5");
    finds("1.1 1.6 2.1 2.3", "m 1.4-4, m 2.2-2");

    declare("writer 0000000000000001: 2-3 5");
    finds("1.1 1.2 1.3=1 1.4 1.6", "");

    declare("writer 0000000000000001: 3");
    declare("writer 0000000000000001: 2");
    declare("writer 0000000000000001: 2-4");
    finds("1.1 1.5 1.7", "m 1.6-6");
}


static void
test_choices(void)
{
    declare("writer 0000000000000001: 2=1");
    finds("1.1 1.2=1 1.3", "");

    declare("writer 0000000000000001: 2=1");
    finds("1.1 1.2 1.3", "o 1.2-2");

    declare("writer 0000000000000001: 2=1");
    finds("1.1 1.2=2 1.3", "o 1.2-2");

    declare("writer 0000000000000001: 2=1");
    finds("1.1 1.3", "m 1.2-2");

    finds("1.1 1.2=1 1.3", "o 1.2-2");
}


static void
test_ends(void)
{
    declare("writer 0000000000000001: end 3");
    finds("1.1 1.2 1.3 2.1", "");

    declare("writer 0000000000000001: 3 end 3");
    finds("1.1 1.2 2.1", "");

    declare("writer 0000000000000001: end 4");
    finds("1.1 1.2 2.1", "m 1.3-4");

    declare("writer 0000000000000001: 2 end 4");
    declare("writer 0000000000000003: end 1");
    declare("writer 0000000000000005: end 2");
    finds("2.1 4.1", "m 1.1-1, m 1.3-4, m 3.1-1, m 5.1-2");

    declare("writer 0000000000000001: end 4");
    finds("1.1 1.2 1.4! 2.1", "c 1.4-4, m 1.3-3");
}


/* What was before is not judged, and what may be under way is counted. */
static void
test_since(void)
{
    pupil_audit_record_t  record;

    s.since = 50 * INT64_C(1000000);
    finds("1.7@40 1.9@49 1.10@51 1.12@52", "m 1.11-11");

    s.since = 50 * INT64_C(1000000);
    finds("1.7@40 1.9@60", "");

    s.since = 50 * INT64_C(1000000);
    finds("1.7@40! 1.8@60!", "c 1.8-8");

    s.since = 50 * INT64_C(1000000);
    declare("writer 0000000000000001: end 9");
    declare("writer 0000000000000002: end 9");
    finds("2.7@60", "m 2.8-9");

    s.recent = 3;
    memset(&record, 0, sizeof(record));

    for (record.number = 1; record.number <= 5; record.number += 2) {
        record.at = (pupil_time_t) record.number;
        sequence_record(&s, &record, 1);
        ok(s.under_way == record.number / 2,
           "what is missing before a new record may come");
    }

    sequence_free(&s);
}


int
main(void)
{
    test_numbers();
    test_declared();
    test_choices();
    test_ends();
    test_since();

    return tap_done();
}
