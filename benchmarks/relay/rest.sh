#!/usr/bin/env bash
# What the transactional service costs and takes, as root on Debian with postfix, apache2-utils (ab) and the .NET SDK: 4 KB messages over 20 connections, each
# synced to the disk before its 250 or 202; nothing is delivered, as the next hop does not answer.
#   bash benchmarks/relay/rest.sh [MESSAGES] [ROUNDS]
# 1. by SMTP without the service (Relay:Http:Listen=off), and with it: tags read, events summed up. The goal is 0.8 of without.
# 2. by REST, to the relay that has just taken as much by SMTP. The goal is half of SMTP.
# Each round starts both anew; medians are told.
set -euo pipefail
cd "$(dirname "$0")/../.."
messages=${1:-10000}
rounds=${2:-3}
connections=20
work=$(mktemp -d /var/tmp/relay-rest.XXXXXX)
relay_pid=
key=the-key-of-the-benchmark

cleanup() {
  [ -n "$relay_pid" ] && kill "$relay_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

now() { date +%s.%N; }
rate() { awk -v n="$1" -v a="$2" -v b="$3" 'BEGIN { printf "%.0f\n", n / (b - a) }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
wait_for_port() { for _ in $(seq 600); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.05; done; echo "nobody listens on $1" >&2; exit 1; }

text=$(for _ in $(seq 52); do printf 'x%.0s' $(seq 76); printf '\\r\\n'; done)
printf "From: a@example.com\nTo: b@example.net\nSubject: x\nX-Tag: order, benchmark\n\n${text//\\r/}" >"$work/message.eml"
printf '{"from":"a@example.com","to":"b@example.net","subject":"x","tags":["order","benchmark"],"text":"%s"}' "$text" >"$work/message.json"

dotnet build -c Release -v q samples/Relay.Host >/dev/null
relay=samples/Relay.Host/bin/Release/net10.0/Relay.Host
start_relay() {
  rm -rf "$work/data"
  "$relay" --Relay:HostName=relay.example.com --Relay:Listen=127.0.0.1:2610 "--Relay:Http:Listen=$1" --Relay:Http:RequestsPerSecond=100000 --Relay:Http:BootstrapKey=$key \
    --Relay:NextHop=127.0.0.1:2609 "--Relay:DataPath=$work/data" --Logging:LogLevel:Default=Error >"$work/relay.log" 2>&1 &
  relay_pid=$!
  wait_for_port 2610
  [ "$1" = off ] || wait_for_port "${1#*:}"
}
stop_relay() { kill "$relay_pid"; wait "$relay_pid" || true; relay_pid=; }

smtp() { smtp-source -s "$connections" -m "$1" -F "$work/message.eml" -f a@example.com -t b@example.net 127.0.0.1:2610; }
rest() {
  ab -q -k -c "$connections" -n "$1" -p "$work/message.json" -T application/json -H "Authorization: Bearer $key" http://127.0.0.1:2611/v1/messages >"$work/ab.log"
  grep -q '^Failed requests: *0$' "$work/ab.log" && ! grep -q '^Non-2xx' "$work/ab.log" || { cat "$work/ab.log" >&2; exit 1; }
}

for _ in $(seq "$rounds"); do
  start_relay off; smtp 2000
  a=$(now); smtp "$messages"; b=$(now); rate "$messages" "$a" "$b" >>"$work/without"
  stop_relay
  start_relay 127.0.0.1:2611; smtp 2000; rest 2000
  a=$(now); smtp "$messages"; b=$(now); rate "$messages" "$a" "$b" >>"$work/with"
  a=$(now); rest "$messages"; b=$(now); rate "$messages" "$a" "$b" >>"$work/rest"
  stop_relay
done

without=$(median <"$work/without"); with=$(median <"$work/with"); rest=$(median <"$work/rest")
echo "SMTP without the service $without/s ($(xargs <"$work/without")), with it $with/s ($(xargs <"$work/with")): $(ratio "$with" "$without")"
echo "REST $rest/s ($(xargs <"$work/rest")) beside SMTP $with/s: $(ratio "$rest" "$with")"
