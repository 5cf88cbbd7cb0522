#!/bin/sh
# The five verbs of a bad night, with nothing but curl: copy this file to wherever Node is not.
#   switchyard.sh maintenance-on [30m [reason]]  |  maintenance-off [reason]
#   switchyard.sh set-oncall <who> [reason]      |  route-traffic <target> [reason]  |  status
# Settings: SWITCHYARD_URL (with /api), SWITCHYARD_STASH, SWITCHYARD_TOKEN (not for status).
# Ends with 0 done, 1 refused, 2 used wrongly, 3 no answer, 4 held for a person or a time.
set -u
export LC_ALL=C # Bytes: what is a letter elsewhere is none in a token.
fail() { printf '%s\n' "$2" >&2; exit "$1"; }
usage() { sed -n '3,4s/^# *//p' "$0" >&2; exit 2; }

# What a terminal would obey is taken out (C0) or shown as ? (C1 and marks of direction, which are whole UTF-8 characters).
marks=$(printf 's/\302[\200-\237]/?/g;s/\342\200[\216\217\250-\256]/?/g;s/\342\201[\246-\251]/?/g;s/\330\234/?/g')
show() { printf '%s\n' "$(printf '%s' "$1")" | tr -d '\000-\010\013-\037\177' | sed "$marks"; }

# The token goes to curl by stdin: arguments can be read by others on this machine. -g: a URL is no pattern.
ask() {
  printf 'header = "Authorization: Bearer %s"\n' "${SWITCHYARD_TOKEN-}" |
    curl -gsS -K - --max-time 10 -w '\n%{http_code}' "$@"
}

# put <key> <value> <duration or nothing> <reason or nothing>
put() {
  case ${SWITCHYARD_TOKEN-} in *[!0-9A-Za-z_-]* | '') fail 2 'SWITCHYARD_TOKEN is not set, or is no token' ;; esac
  case $3 in *[!0-9smhd]*) fail 2 'That is no duration. One is: 90s, 30m, 2h, 7d' ;; esac
  [ -n "$2" ] || usage
  # The same key for both tries, so that the change is applied once.
  once="sh-$(date +%s)-$$" why=$(printf '%s' "$4" | tr '\001-\037\177' '[ *]')
  set -- -X PUT -H "Reason: $why" -H "Idempotency-Key: $once" --data-raw "$2" "$base/item/$SWITCHYARD_STASH/$1${3:+?for=$3}"
  lost=
  answer=$(ask "$@") || { lost=1 && answer=$(ask "$@"); } || fail 3 "No answer from $base: $unknown"
  show "${answer%???}"
  case $answer in
    *'"held_id":'*202) fail 4 'Held: nothing has changed yet' ;;
    *'"revision":'*200) exit 0 ;;
    *2??) fail 3 "$base is not Switchyard, or not its API: $unknown" ;;
    *'"applied":"no"'*5?? | *'"storage_full"'*507) [ -n "$lost" ] || fail 3 'The service could not do it now: nothing was changed' ;;
    *[35]??) fail 3 "The service could not do it now: $unknown" ;;
    *'"code":"'[!i]*409 | *'"code":"'[!i]*412 | *'"code":"'[!i]*42[23]) exit 1 ;; # decided: no earlier try was applied
    *) [ -n "$lost" ] || exit 1 ;;
  esac
  fail 3 "The repeat was refused, but the first try may have counted: $unknown"
}

look() {
  answer=$(curl -gsS --max-time 10 -w '\n%{http_code}' "$base/stash/$SWITCHYARD_STASH$1") || fail 3 "No answer from $base"
  body=${answer%???}
  case $answer in
    *'"revision":'*200) show "$body" ;;
    *404) fail 1 "There is no such stash at $base" ;;
    *5?? | *429) fail 3 "$base cannot say it now: ${answer#"$body"}" ;;
    *) fail 3 "$base is not Switchyard, or not its API: ${answer#"$body"}" ;;
  esac
}

[ -n "${SWITCHYARD_URL-}" ] && [ -n "${SWITCHYARD_STASH-}" ] || fail 2 'Set SWITCHYARD_URL and SWITCHYARD_STASH'
case $SWITCHYARD_STASH in *[!0-9A-Za-z_-]*) fail 2 'SWITCHYARD_STASH is no stash' ;; esac
base=${SWITCHYARD_URL%/} unknown='whether it was done is not known'
case ${1-} in
  maintenance-on) put maintenance-mode true "${2-}" "${3-}" ;;
  maintenance-off) put maintenance-mode false '' "${2-}" ;;
  set-oncall) put on-call "${2-}" '' "${3-}" ;;
  route-traffic) put traffic-target "${2-}" '' "${3-}" ;;
  status) look '' && look /flags ;;
  *) usage ;;
esac
