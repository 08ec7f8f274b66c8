#!/bin/bash
# Copyright (C) the Pupil authors
#
# Runs test files, so many at once:
#
#     prove.sh JOBS t/a.t t/b.t ...
#
# What is red beside others is run again, alone, once all are through: what is
# red then, too, is red.  The machine is shared, and a stall of seconds is not
# what a test is about.  Which files were red once is said at the end, as there
# is something to mend: in the test, which takes a stall for a fault, or in
# what it tests.  More than a few are no stall, and one file has no others
# beside it: neither is run again, nor is anything where nginx or a sanitizer
# raised an alarm.  PUPIL_AGAIN=1 asks for it, as make test does.

set -uo pipefail

jobs=$1
shift
most=6

state=$(mktemp)
export PUPIL_ALARM=$state.alarm
trap 'rm -f "$state" "$PUPIL_ALARM"' EXIT

prove --timer --norc -j"$jobs" -I t/lib --statefile="$state" --state=save "$@"
code=$?

if [ "$code" = 0 ] || [ $# = 1 ] || [ -e "$PUPIL_ALARM" ] \
    || [ "${PUPIL_AGAIN:-0}" != 1 ]
then
    exit "$code"
fi

mapfile -t red < <(prove --norc --dry --statefile="$state" --state=failed)

if [ ${#red[@]} = 0 ] || [ ${#red[@]} -gt $most ]; then
    exit "$code"
fi

echo
echo "Red beside others, and run again alone: ${red[*]}"
prove --timer --norc -I t/lib "${red[@]}" || exit

echo "Red once, and something to mend: ${red[*]}"
