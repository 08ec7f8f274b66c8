#!/bin/bash
# Copyright (C) the Pupil authors
#
# Installs the Debian packages that building and testing need; with "lint",
# those of linting, fuzzing and measuring as well.  Does nothing, and asks the
# network for nothing, when all of them are there.

set -euo pipefail
cd "$(dirname "$0")/../.."

build="gcc make binutils pkg-config libc6-dev nginx nginx-dev libpq-dev
       libsodium-dev libpcre2-dev libjansson-dev libcsv-dev libzip-dev
       libssl-dev zlib1g-dev"
run="postgresql-15 postgresql-client-15 openssl ca-certificates"
test="perl libdbi-perl libdbd-pg-perl libio-socket-ssl-perl libjson-xs-perl
      curl gdb strace jq procps g++"
lint="clang clang-format clang-tidy cppcheck shellcheck valgrind wrk lcov
      dpkg-dev patch xz-utils"
browser="chromium nodejs"

# nodejs of other origins brings npm along; Debian's does not.
if [ -f t/browser/package.json ]; then
    command -v npm >/dev/null || browser="$browser npm"
else
    browser=
fi

if [ "${1:-}" != lint ]; then
    lint=
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

missing=
# shellcheck disable=SC2086
for package in $build $run $test $lint $browser; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null \
            || true)
    [ "$state" = installed ] || missing="$missing $package"
done

if [ -n "$missing" ]; then
    echo "installing:$missing"
    as_root apt-get update -qq </dev/null
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends $missing </dev/null >/dev/null
fi

if [ -f t/browser/package-lock.json ] \
    && [ ! t/browser/node_modules/.package-lock.json \
         -nt t/browser/package-lock.json ]
then
    PUPPETEER_SKIP_DOWNLOAD=1 PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 \
        npm ci --silent --no-audit --no-fund --prefix t/browser </dev/null
    touch t/browser/node_modules/.package-lock.json
fi
