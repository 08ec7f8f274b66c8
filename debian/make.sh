#!/bin/bash
# Copyright (C) the Pupil authors
#
# Makes the Debian packages of the tree as it is, and has lintian look at them:
#
#     make.sh FOLDER [VERSION]
#
# In a copy, as dpkg-buildpackage writes beside and into what it builds; what was
# compiled there is used again.

set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mkdir -p "$1" && cd "$1" && pwd)
version=${2:-}
tree=$out/tree
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

mkdir -p "$tree"
find "$tree" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
rm -f "$out"/*.deb "$out"/*.changes "$out"/*.buildinfo
tar --create --exclude=./build --exclude=./.git --exclude=node_modules \
    . | tar --extract -C "$tree"
cd "$tree"

if [ -n "$version" ]; then
    sed -i "1s/(.*)/($version)/" debian/changelog
fi

DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS:-parallel=$(nproc)} \
    dpkg-buildpackage --build=binary --no-sign --no-pre-clean

lintian --allow-root --profile debian --display-info --pedantic \
    --fail-on error,warning,info,pedantic "$out"/*.changes
