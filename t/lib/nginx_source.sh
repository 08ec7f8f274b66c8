#!/bin/bash
# Copyright (C) the Pupil authors
#
#     nginx_source.sh asan|static DIR
#
# Builds nginx from the source package of the Debian nginx that is installed,
# with the same configure flags: with sanitizers and checked pools, or with
# Pupil linked in.  nginx-dev has headers only, hence the source package.  The
# system's apt configuration is read, never changed.  DIR/src is kept.

set -euo pipefail

kind=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$2"
dir=$(cd "$2" && pwd)
version=$(dpkg-query -W -f '${source:Version}' nginx)
cache=$root/build/nginx-source
state="$kind $version"

fetch() {
    local apt=$cache/apt i got
    rm -rf "$cache"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"

    # A source line for each place that packages come from, same keys.
    # shellcheck disable=SC2016
    apt-get indextargets --format \
        '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
        | grep debian | sort -u \
        | while read -r uri suite component; do
            key=/usr/share/keyrings/debian-archive-keyring.gpg
            echo "deb-src [signed-by=$key] $uri $suite $component"
        done >"$apt/sources.list"

    # apt may drop its rights to _apt, who must be able to write here.
    set -- -qq -o "Dir::Etc::sourcelist=$apt/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$apt/lists" \
        -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root

    apt-get "$@" update

    # A mirror may list a revision whose files it no longer (or not yet) has.
    # Another Debian revision of the same upstream release serves then, and
    # is named: it is not quite the nginx that is installed.
    got=
    for i in "$version" $(apt-cache "$@" showsrc --only-source nginx \
        | sed -n 's/^Version: //p' | grep -F "${version%-*}-" | sort -Vru)
    do
        if (cd "$cache" && apt-get "$@" source "nginx=$i" \
            >>"$cache/fetch.log" 2>&1)
        then
            got=$i
            break
        fi
    done

    if [ -z "$got" ]; then
        tail "$cache/fetch.log"
        echo "nginx_source.sh: no source of nginx $version can be fetched" >&2
        exit 1
    fi

    [ "$got" = "$version" ] || echo "$got" >"$cache/other-revision"

    for i in "$cache"/nginx-*/; do
        mv "$i" "$cache/src"
    done
    echo "$version" >"$cache/version"
}

if [ "$(cat "$cache/version" 2>/dev/null)" != "$version" ]; then
    echo "fetching the source of nginx $version"
    fetch
fi

if [ -f "$cache/other-revision" ]; then
    echo "WARNING: installed is nginx $version, whose source the mirror" \
        "does not have; testing with $(cat "$cache/other-revision")"
fi

# shellcheck source=/dev/null
. /usr/share/nginx/src/conf_flags

if [ "$(cat "$dir/state" 2>/dev/null)" != "$state" ] || [ "$kind" = static ]
then
    rm -rf "$dir/src" "$dir/state"
    cp -R "$cache/src" "$dir/src"
    cd "$dir/src"
    chmod +x configure

    if [ "$kind" = asan ]; then
        # nginx reads unaligned words and hands NULL with length 0 around,
        # knowingly; the rest of UBSan is for its inlines in our module.
        san="-fsanitize=address,undefined -fno-omit-frame-pointer"
        san="$san -fno-sanitize=alignment,nonnull-attribute,pointer-overflow"
        set -- --with-cc-opt="-O1 -g -DNGX_DEBUG_PALLOC=1 $san" \
            --with-ld-opt="$san"
    else
        set -- --with-cc-opt="-O1 -g" --add-module="$root"
    fi

    echo "building nginx ($kind)"
    ./configure "${NGX_CONF_FLAGS[@]}" "$@" >"$dir/configure.log" 2>&1 \
        || { tail "$dir/configure.log"; exit 1; }
    make -f objs/Makefile -j"$(nproc)" >"$dir/make.log" 2>&1 \
        || { grep -m5 -B2 -A8 'error:' "$dir/make.log"; tail "$dir/make.log"
             exit 1; }
    [ "$kind" != asan ] || echo "$state" >"$dir/state"
fi
