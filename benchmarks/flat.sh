#!/usr/bin/env bash
# flat.sh [ROUNDS]: does the server's CPU time per message stay the same with 10,000 mostly idle connections as with 100, and does it grow with the recipients
# in a straight line? Medians of ROUNDS (default 5) in one run, 50 busy connections among them; then how many idle connections the limit of open files lets it
# hold while it serves others. Loopback only, bounded in messages; about two minutes. Needs a C compiler, the .NET SDK, python3 and 10,200 open files.
set -euo pipefail
cd "$(dirname "$0")"
rounds=${1:-5}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -Hn)"
cc -O2 -w -o "$work/load" load/smtpload.c
dotnet build -c Release -v q Smtp.LoadHost -o "$work/host" >/dev/null
port=$((20000 + RANDOM % 10000))
"$work/host/Smtp.LoadHost" "$port" >/dev/null 2>&1 &
server=$!
sleep 4

run() { # TITLE OPTIONS...
  local title=$1 out
  shift
  out=$("$work/load" "$port" -x "$server" "$@" | head -1)
  sleep 0.5 # until the connections of this run are closed
  echo "$title|$out" >>"$work/runs"
}

run warm -c 50 -m 60000
: >"$work/runs"
for ((round = 1; round <= rounds; round++)); do
  # Which comes first changes: the machine drifts.
  if ((round % 2)); then order="50 9950"; else order="9950 50"; fi
  for idle in $order; do run "idle $idle" -c 50 -m 40000 -i "$idle"; done
  for recipients in 1 10 100 1000; do run "recipients $recipients" -c 10 -p -m $((400000 / (recipients + 5))) -r "$recipients"; done
done
python3 load/flat.py "$work/runs" "$rounds" "$port" "$server"
