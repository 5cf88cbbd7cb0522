#!/bin/sh
# What `npx switchyard` runs. npx runs the Node of the system, which may be too old to read TypeScript; `npm ci` brought
# one that can. npx also calls us through a link, and the checkout is where the link ends.
self=$0
case $self in */*) ;; *) self=./$self ;; esac
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in /*) self=$target ;; *) self=${self%/*}/$target ;; esac
done
room=$(CDPATH='' cd -P -- "${self%/*}" && pwd -P)
node=$room/../../node_modules/.bin/node
[ -x "$node" ] || node=node
exec "$node" --disable-warning=ExperimentalWarning "$room/start.mjs" "$@"
