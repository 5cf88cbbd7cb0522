#!/bin/sh
# The five verbs of a bad night, with nothing but curl: copy this file to wherever Node is not.
#   switchyard.sh [-s <service>] [-c] <verb>   (-s checkout: of checkout.maintenance-mode and so on; -c creates a missing flag)
#   maintenance-on [30m [reason]] | maintenance-off [reason] | set-oncall <who> [reason] | route-traffic <target> [reason] | status
# Settings: SWITCHYARD_URL (with /api), SWITCHYARD_STASH (its id or slug), SWITCHYARD_TOKEN (not for status).
# Ends with 0 done, 1 refused, 2 used wrongly, 3 no answer, 4 held for a person or a time.
set -u
export LC_ALL=C # Bytes: what is a letter elsewhere is none in a token.
VERSION=0.6.0
fail() { printf '%s\n' "$2" >&2; exit "$1"; }
usage() { sed -n '3,4s/^# *//p' "$0" >&2; exit 2; }

# What a terminal would obey is taken out (C0) or shown as ? (C1 and marks of direction, which are whole UTF-8 characters).
marks=$(printf 's/\302[\200-\237]/?/g;s/\342\200[\216\217\250-\256]/?/g;s/\342\201[\246-\251]/?/g;s/\330\234/?/g')
show() { printf '%s\n' "$(printf '%s' "$1")" | tr -d '\000-\010\013-\037\177' | sed "$marks"; }

# -g: a URL is no pattern. The token of a change goes to curl by stdin: arguments can be read by others on this machine.
send() { curl -gsS --max-time 10 -A "switchyard-sh/$VERSION" -w '\n%{http_code}' "$@"; }
ask() { printf 'header = "Authorization: Bearer %s"\n' "${SWITCHYARD_TOKEN-}" | send -K - "$@"; }

# put <flag> <value> <duration or nothing> <reason or nothing>
put() {
  case ${SWITCHYARD_TOKEN-} in *[!0-9A-Za-z_-]* | '') fail 2 'SWITCHYARD_TOKEN is not set, or is no token' ;; esac
  case ${3:-1m} in [!0-9]* | *[!0-9]?* | *[!smhd]) fail 2 'That is no duration. One is a number and a letter: 90s, 30m, 2h, 7d' ;; esac
  [ -n "$2" ] || usage
  # The same key for both tries, so that the change is applied once. Without -c, If-Match demands that the flag exists.
  key=$prefix$1 once="sh-$(date +%s)-$$" why=$(printf '%s' "$4" | tr '\001-\037\177' '[ *]') lost=
  set -- -X PUT -H "If-Match: $match" -H "Reason: $why" -H "Idempotency-Key: $once" --data-raw "$2" "$base/item/$stash/$key${3:+?for=$3}"
  answer=$(ask "$@") || { lost=1 && answer=$(ask "$@"); } || fail 3 "No answer from $base: $unknown"
  show "${answer%???}"
  case $answer in
    *'"held_id":'*202) fail 4 'Held: nothing has changed yet' ;;
    *'"revision":'*200) exit 0 ;;
    *2??) fail 3 "$base is not Switchyard, or not its API: $unknown" ;;
    *'"applied":"no"'*5?? | *'"storage_full"'*507) [ -n "$lost" ] || fail 3 'The service could not do it now: nothing was changed' ;;
    *[35]??) fail 3 "The service could not do it now: $unknown" ;;
    *'"version_conflict"'*412) fail 1 "There is no flag $key, so nothing was changed. If the name is right, -c before the verb creates it" ;;
    *'"code":"'[!i]*409 | *'"code":"'[!i]*412 | *'"code":"'[!i]*42[23]) exit 1 ;; # decided: no earlier try was applied
    *) [ -n "$lost" ] || exit 1 ;;
  esac
  fail 3 "The repeat was refused, but the first try may have counted: $unknown"
}

look() {
  answer=$(send "$base/stash/$stash$1") || fail 3 "No answer from $base"
  body=${answer%???}
  case $answer in
    *'"flags":{}'*200) [ -z "$prefix" ] || fail 1 "There is no flag of ${prefix%.} in this stash"; show "$body" ;;
    *'"revision":'*200) show "$body" ;;
    *404) fail 1 "There is no such stash at $base" ;;
    *5?? | *429) fail 3 "$base cannot say it now: ${answer#"$body"}" ;;
    *) fail 3 "$base is not Switchyard, or not its API: ${answer#"$body"}" ;;
  esac
}

prefix='' match='*' unknown='whether it was done is not known'
while getopts s:c option; do case $option in s) prefix=$OPTARG. ;; c) match='' ;; *) usage ;; esac; done
shift $((OPTIND - 1))
for word; do case $word in -[sc]*) fail 2 'Options stand before the verb: nothing was changed' ;; esac; done
case $prefix in . | *[!0-9A-Za-z._-]*) fail 2 'That is no service: its name is of A-Z a-z 0-9 . _ -' ;; esac
[ -n "${SWITCHYARD_URL-}" ] && [ -n "${SWITCHYARD_STASH-}" ] || fail 2 'Set SWITCHYARD_URL and SWITCHYARD_STASH'
base=${SWITCHYARD_URL%/} stash=$SWITCHYARD_STASH
case $base in http://* | https://*) ;; *) fail 2 'SWITCHYARD_URL is no URL. One is: https://flags.example/api' ;; esac
case $stash in *[!0-9A-Za-z_-]*) fail 2 'SWITCHYARD_STASH is no stash' ;; esac
case ${1-} in
  maintenance-on) put maintenance-mode true "${2-}" "${3-}" ;;
  maintenance-off) put maintenance-mode false '' "${2-}" ;;
  set-oncall) put on-call "${2-}" '' "${3-}" ;;
  route-traffic) put traffic-target "${2-}" '' "${3-}" ;;
  status) look '' && look "/flags${prefix:+?keys=$prefix*}" ;;
  *) usage ;;
esac
