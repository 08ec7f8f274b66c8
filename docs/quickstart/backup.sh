#!/usr/bin/env bash
# Copyright (C) the Pupil authors
#
# Backs both databases up, encrypted, into two or more places; docs/operations.md
# has its configuration, which is the one argument.  Once a day, by a timer.
#
# The data are dumped first and the key store after them, so that the keys know
# of each owner and each erasure that the data know of.  An archive is encrypted
# as it is made, written beside its place and renamed once it is whole: what has
# its name is a backup.  One place that fails takes nothing from the others; the
# exit status says it.  What is too old goes first, and also while no backup
# succeeds, as receipts of erasures promise it.

set -euo pipefail
umask 077

say() { printf 'backup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ $# = 1 ] || die "usage: backup.sh CONFIGURATION"

database='' keystore='' recipients='' places='' files=''
data_days=28 keys_days=5 longest=6h

# shellcheck source=/dev/null
. "$1"

read -ra places <<< "$places"
read -ra files <<< "$files"

[[ -n $database && -n $keystore ]] || die "$1 names no database, or no keystore"
[ -s "$recipients" ] || die "$1: recipients names no file"
[ ${#places[@]} -gt 1 ] || die "$1 names fewer than two places"
[[ $data_days =~ ^[1-9][0-9]*$ && $keys_days =~ ^[1-9][0-9]*$ ]] \
    || die "$1: data_days and keys_days are numbers of days"

# Pruning does not wait for success: fewer, and a failed run leaves no backup.
for days in data_days keys_days; do
    [ "${!days}" -ge 3 ] || die "$1: $days is 3 at least, so that backups" \
        "outlive two runs that fail: raise it, and key-backup-days with it"
done

# A folder, whatever its name, is one place, and a disk takes all of its places.
for ((i = 1; i < ${#places[@]}; i++)); do
    for ((j = 0; j < i; j++)); do
        [ "$(realpath -m "${places[i]}")" != "$(realpath -m "${places[j]}")" ] \
            || die "$1: ${places[i]} is ${places[j]} again"
        [ ! -d "${places[i]}" ] || [ ! -d "${places[j]}" ] \
            || [ "$(stat -c %d "${places[i]}")" != "$(stat -c %d "${places[j]}")" ] \
            || say "${places[i]} is on the disk of ${places[j]}"
    done
done

if grep -qs AGE-SECRET-KEY "$recipients"; then
    die "$recipients has a private key, which does not belong on this host"
fi

if [ ${#files[@]} != 0 ] && grep -rqs '^pupil-kek-' "${files[@]}"; then
    die "files: the key file opens what these backups hold: keep it apart"
fi

now=$(date -u +%s)
failed=0

stamp() { date -u -d "@$1" +%Y%m%dT%H%M%SZ; }


# take KIND SUFFIX COMMAND...: what the command writes, into each place.
take() {
    local kind=$1 name place made=''

    name=$kind-$(stamp "$now").$2.age
    shift 2

    for place in "${places[@]}"; do
        if put "$place/$kind" "$name" "$made" "$@"; then
            made=$place/$kind/$name
        else
            say "$place has no $name"
            failed=1
        fi
    done
}

# A copy of what was made elsewhere, or else made here.
put() {
    local folder=$1 name=$2 made=$3 part=$1/.$2.part
    shift 3

    mkdir -p "$folder" || return 1
    rm -f "$folder"/.*.part

    if write "$made" "$part" "$@" && sync "$part" \
        && mv -n "$part" "$folder/$name" && sync "$folder"
    then
        return 0
    fi

    rm -f "$part"
    return 1
}

write() {
    local made=$1 part=$2
    shift 2

    if [ -n "$made" ]; then
        cp "$made" "$part" && cmp "$made" "$part"
    else
        "$@" | age --encrypt -R "$recipients" > "$part"
    fi
}


# Whether the clock goes on from the run before, in PLACE.  By one that jumped all
# would be too old, or nothing ever: a run deletes nothing then, and that of
# another day believes it, if it is still so.
believed() {
    local place=$1 last doubted

    last=$(noted "$place/.clock")
    doubted=$(noted "$place/.doubt")

    if [ -n "$last" ] && ! within "$last" 0 72 && ! within "$doubted" 20 72; then
        say "$place: the run before was at $(stamp "$last"), so nothing is" \
            "deleted by a clock that says $(stamp "$now"): is it right?"
        within "$doubted" 0 72 || printf '%s\n' "$now" > "$place/.doubt"
        failed=1
        return 1
    fi

    rm -f "$place/.doubt"
    printf '%s\n' "$now" > "$place/.clock" || failed=1
}

noted() { [ ! -e "$1" ] || grep -x '[0-9]*' "$1" || echo 0; }

# within TIME LEAST MOST: so many hours ago.
within() {
    [ -n "$1" ] && ((now - $1 >= $2 * 3600 && now - $1 <= $3 * 3600))
}


# prune PLACE KIND DAYS: what would be older than that before the run of
# tomorrow, which may be two hours late.  What is of a time to come was made
# before now, whatever the clock said.
prune() {
    local folder=$1/$2 kind=$2 archive name oldest newest before=0

    oldest=$kind-$(stamp $((now - ($3 * 24 - 26) * 3600)))
    newest=$kind-$(stamp $((now + 3600)))

    for archive in "$folder/$kind"-*.age; do
        name=${archive##*/}

        if [[ -e $archive && $name > $newest ]]; then
            : $((before += 1))
            mv -n "$archive" \
                "$folder/$kind-$(stamp $((now - before))).${name#*.}" || failed=1

        elif [[ -e $archive && $name < $oldest ]] && ! rm -f "$archive"; then
            say "$archive is too old, and stays"
            failed=1
        fi
    done
}


dump() {
    timeout "$longest" pg_dump --format=custom --lock-wait-timeout=10min -d "$1"
}

# Which roles there are, and no password: for a cluster that has none of them.
roles() {
    timeout "$longest" pg_dumpall --roles-only --no-role-passwords -d "$1"
}

# That a file grew meanwhile is no failure: its end is told from a whole one.
pack() {
    tar --create --warning=no-file-changed -C / "${files[@]#/}" || [ $? = 1 ]
}


# A place that is not there is a disk that is not mounted.
for place in "${places[@]}"; do
    [ -d "$place" ] || { say "$place is not there"; failed=1; }
done

mapfile -t places < <(for place in "${places[@]}"; do
    [ ! -d "$place" ] || printf '%s\n' "$place"; done)

for place in "${places[@]}"; do
    if believed "$place"; then
        prune "$place" data "$data_days"
        prune "$place" roles "$data_days"
        prune "$place" files "$data_days"
        prune "$place" keys "$keys_days"
    fi
done

# Whose configuration it is, one at a time puts archives there.
for place in "${places[@]}"; do
    exec {lock}< "$place"
    flock -n "$lock" || die "another backup is running: $place"
done

take data dump dump "$database"
take roles sql roles "$database"
take keys dump dump "$keystore"
[ ${#files[@]} = 0 ] || take files tar pack

[ $failed = 0 ] || die "not all is backed up"
