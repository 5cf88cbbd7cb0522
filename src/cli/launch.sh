#!/bin/sh
# The command line from this checkout. The Node of the system may be too old to read TypeScript; `npm ci` brought one that can.
# It may be called through links, as npm makes them: the checkout is where they end.
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
