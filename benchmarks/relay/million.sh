#!/usr/bin/env bash
# Relay.Host with an empty queue and with many deferred messages, by turns in one run, and the operator's commands on the full one while it runs.
#   bash benchmarks/relay/million.sh [DEFERRED] [MESSAGES] [ROUNDS] [FOLDER]
# Needs smtp-source and smtp-sink (apt-get install postfix). FOLDER keeps the filled spool for another run (5 GB a million); else it is removed.
set -euo pipefail
cd "$(dirname "$0")/../.."
deferred=${1:-1000000}
messages=${2:-10000}
rounds=${3:-3}
length=4096
connections=20
work=$(mktemp -d /var/tmp/relay-million.XXXXXX)
full=${4:-$work/full}
pids=()

cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

now() { date +%s.%N; }
took() { awk -v n="$messages" -v a="$1" -v b="$2" 'BEGIN { printf "%.0f", (b - a) * 1e6 / n }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
wait_for_port() { for _ in $(seq 600); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.05; done; echo "nobody listens on $1" >&2; exit 1; }
blast() { smtp-source -d -s "$connections" -l "$length" -m "$1" -f a@example.com -t b@example.net 127.0.0.1:2610; }
relay=samples/Relay.Host/bin/Release/net10.0/Relay.Host

start_relay() {
  "$relay" --Relay:HostName=relay.example.com --Relay:Listen=127.0.0.1:2610 --Relay:Http:Listen=off "--Relay:NextHop=127.0.0.1:$2" \
    "--Relay:DataPath=$work/data" "--Relay:Spool:Path=$1" --Logging:LogLevel:Default=Warning >>"$work/relay.log" 2>&1 &
  relay_pid=$!
  pids+=("$relay_pid")
  wait_for_port 2610
}
stop_relay() { kill "$relay_pid"; wait "$relay_pid" || true; }
memory() { awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$relay_pid/status"; }
sink_count() { tr '\r' '\n' <"$work/sink.log" | grep -oE 'mesg=[0-9]+|^[0-9]+' | tail -1 | tr -dc 0-9; }
start_sink() { smtp-sink -u "$(id -un)" -c 127.0.0.1:2601 1000 >"$work/sink.log" 2>&1 & sink_pid=$!; pids+=("$sink_pid"); wait_for_port 2601; }
stop_sink() { kill "$sink_pid" 2>/dev/null || true; wait "$sink_pid" 2>/dev/null || true; }
wait_for_sink() {
  for _ in $(seq 2400); do n=$(sink_count); [ "${n:-0}" -ge "$1" ] && return; sleep 0.05; done
  echo "the sink has ${n:-0} of $1" >&2; exit 1
}

# What is accepted is delivered between the two, so that only what is deferred waits.
measure() { # NAME FOLDER
  start_sink; start_relay "$2" 2601; blast 20000; wait_for_sink 20000
  local had a b c; had=$(sink_count)
  a=$(now); blast "$messages"; b=$(now); wait_for_sink $((had + messages)); c=$(now)
  echo "$(took "$a" "$c")" >>"$work/$1.whole"; echo "$(took "$a" "$b")" >>"$work/$1.accept-with-delivery"
  echo "   $1: accepted in $(took "$a" "$b") us a message while delivering, at the next hop in $(took "$a" "$c") us, memory $(memory) MB"
  stop_relay; stop_sink
  # Nothing is delivered: accepting alone.
  start_relay "$2" 2609; blast 20000
  a=$(now); blast "$messages"; b=$(now)
  echo "$(took "$a" "$b")" >>"$work/$1.accept"
  echo "   $1: accepting alone $(took "$a" "$b") us a message, memory $(memory) MB"
  stop_relay
  "$relay" queue purge --destination example.net "--Relay:Spool:Path=$2" >/dev/null
}

dotnet build -c Release -v q samples/Relay.Host >/dev/null
dotnet build -c Release -v q benchmarks/Relay.SpoolBench >/dev/null

if [ ! -e "$full/spool.db" ]; then
  echo "filling the queue"
  benchmarks/Relay.SpoolBench/bin/Release/net10.0/Relay.SpoolBench "$full" 0 "$deferred"
fi

for round in $(seq "$rounds"); do
  echo "round $round"
  measure empty "$work/empty"
  measure full "$full"
done
for what in accept accept-with-delivery whole; do
  e=$(median <"$work/empty.$what"); f=$(median <"$work/full.$what")
  echo "$what: $e us a message with an empty queue, $f us with the full one: $(ratio "$f" "$e") times"
done

echo "the operator's commands while it runs"
start_relay "$full" 2609
first=$("$relay" queue list --limit 1 "--Relay:Spool:Path=$full" | cut -d' ' -f1)
command() { /usr/bin/time -f "   %e s, %M KB: $*" "$relay" "$@" "--Relay:Spool:Path=$full" 2>&1 >/dev/null | tail -1; }
command queue list --limit 100
command queue list --deferred --newest --limit 100
command queue list --destination d7.example
command queue list --to u900000@d0.example
command queue list --from nobody@example.org
command queue list --state held
command queue list --older-than 1m --limit 100
command queue show "$first"
command destination list
command queue hold --destination d8.example
command queue release --destination d8.example --state held
command queue purge --destination d9.example
command queue list
echo "   memory of the relay $(memory) MB"
stop_relay
