#!/bin/sh
# Compares the pooled client with MailKit and a bare loop over a socket (CPU time a message) and with Postfix's smtp-source -d (messages a second) against the same server, in one run;
# and with what a load generator in C gets out of the bare server (LoadHost --baseline) with PIPELINING over 50 connections (messages a second).
# Usage: benchmarks/client.sh [ROUNDS [MESSAGES [SIZE]]]; 3 rounds of 20000 messages of 1024 octets by default. Prints each run and the ratios of the medians.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-3} messages=${2:-20000} size=${3:-1024} port=${PORT:-2600}
results=$(mktemp)
dotnet build -c Release -v q --nologo benchmarks/Smtp.LoadHost >&2
dotnet build -c Release -v q --nologo benchmarks/Smtp.ClientLoad >&2
host=benchmarks/Smtp.LoadHost/bin/Release/net10.0/Smtp.LoadHost
load=benchmarks/Smtp.ClientLoad/bin/Release/net10.0/Smtp.ClientLoad
generator=$(mktemp)
cc -O2 -w -o "$generator" benchmarks/load/smtpload.c
$host "$port" > /dev/null &
server=$!
$host "$((port + 1))" --baseline > /dev/null &
bare_server=$!
trap 'kill $server $bare_server; rm -f "$results" "$generator"' EXIT
sleep 3

# The server's own compiling is done before anything is measured.
$load "$port" pooled 20 "$messages" "$size" > /dev/null

measure() { # NAME CONNECTIONS COMMAND...
    name=$1 connections=$2
    shift 2
    line=$("$@")
    printf '%-12s %2s  %s\n' "$name" "$connections" "$line"
    printf '%s %s %s\n' "$name" "$connections" "$line" >> "$results"
}

source_run() { # CONNECTIONS
    seconds=$( { command time -f '%e %U %S' smtp-source -d -s "$1" -m "$messages" -l "$size" -f sender@example.com -t recipient@example.net "127.0.0.1:$port"; } 2>&1)
    echo "$seconds" | awk -v n="$messages" '{ printf "%.0f messages/s %.1f us CPU/message\n", n / $1, ($2 + $3) * 1e6 / n }'
}

limit_run() {
    "$generator" $((port + 1)) -c 50 -m $((messages * 4)) -l "$size" -p | awk '{ printf "%s messages/s\n", $1 }'
}

for round in $(seq "$rounds"); do
    for connections in 1 20; do
        measure pooled $connections $load "$port" pooled $connections "$messages" "$size"
        measure single $connections $load "$port" single $connections "$messages" "$size"
        measure mailkit $connections $load "$port" mailkit $connections $((messages / 4)) "$size"
        measure bare $connections $load "$port" bare $connections "$messages" "$size"
        if command -v smtp-source > /dev/null; then
            measure smtp-source $connections source_run $connections
        fi
    done
    measure bare-server 50 limit_run
done

# Of the n[name] values that a[name, i] holds.
median='
function median(a, name,    i, j, t, v) {
    for (i = 1; i <= n[name]; i++) v[i] = a[name, i]
    for (i = 1; i <= n[name]; i++) for (j = i + 1; j <= n[name]; j++) if (v[j] < v[i]) { t = v[i]; v[i] = v[j]; v[j] = t }
    return v[int((n[name] + 1) / 2)]
}'
echo
for connections in 1 20; do
    awk -v c=$connections "$median"'
        $2 == c { n[$1]++; rate[$1, n[$1]] = $3; cpu[$1, n[$1]] = $5 }
        END {
            printf "%2d connections: MailKit needs %.1f times the CPU time of the pooled client", c, median(cpu, "mailkit") / median(cpu, "pooled")
            printf " (%.1f times with one sender a connection)", median(cpu, "mailkit") / median(cpu, "single")
            printf "; the pooled client needs %.2f times that of a bare loop over a socket", median(cpu, "pooled") / median(cpu, "bare")
            if (n["smtp-source"]) printf "; the pooled client sends %.2f times as many messages a second as smtp-source -d", median(rate, "pooled") / median(rate, "smtp-source")
            printf "\n"
        }' "$results"
done
awk "$median"'
    ($1 == "pooled" && $2 == 20) || $1 == "bare-server" { n[$1]++; rate[$1, n[$1]] = $3 }
    END { printf "20 connections: the pooled client sends %.2f times as many messages a second as the bare server takes\n", median(rate, "pooled") / median(rate, "bare-server") }' "$results"
