"""report.py RUNS FOLDER ROUNDS: medians and ratios of compare.sh's runs, as Markdown and as a chart."""
import html
import re
import statistics
import sys

runs, folder, rounds = sys.argv[1], sys.argv[2], sys.argv[3]
cpu, rate, modes, columns = {}, {}, {}, []
for line in open(runs):
    name, mode, column, out = line.rstrip("\n").split("|", 3)
    modes[name] = mode
    if column not in columns:
        columns.append(column)
    found = re.match(r"(\d+) msg/s .* server ([\d.]+) us/msg", out)
    if found:
        rate.setdefault((name, column), []).append(int(found[1]))
        cpu.setdefault((name, column), []).append(float(found[2]))


def base(name):
    return "bare SslStream loop" if modes[name] == "tls" else "bare .NET socket loop"


def cell(name, column):
    if (name, column) not in cpu:
        return "–"
    # The ratio of each round, as the machine drifts from round to round.
    pairs = zip(cpu[name, column], cpu.get((base(name), column), []))
    ratio = statistics.median(a / b for a, b in pairs if b)
    return f"**{ratio:.2f}** · {statistics.median(cpu[name, column]):.0f} µs · {statistics.median(rate[name, column]):,.0f}/s"


def ratio(name, column):
    pairs = list(zip(cpu.get((name, column), []), cpu.get((base(name), column), [])))
    return statistics.median(a / b for a, b in pairs if b) if pairs else None


lines = [
    f"Server CPU per message as a multiple of the bare loop (median of {rounds} rounds in one run) · CPU per message · messages per second; 50 connections,",
    "1 KB messages except in the last column. The rows with TLS are multiples of the bare `SslStream` loop.",
    "",
    "| server | " + " | ".join(columns) + " |",
    "|---" * (len(columns) + 1) + "|",
]
lines += [f"| {name} | " + " | ".join(cell(name, column) for column in columns) + " |" for name in modes]
open(f"{folder}/comparison.md", "w").write("\n".join(lines) + "\n")

# The chart: a group of bars for each column, cut at 8 times the bare loop.
names = list(modes)
others = iter(["#7c9a5e", "#c08457", "#b45309", "#cbd5e1", "#94a3b8"])
colours = {name: "#2563eb" if name.startswith("Smtp.Core") else "#9aa5b1" if name.startswith("bare") else next(others, "#64748b") for name in names}
width, bar, gap, left, longest, limit = 900, 16, 34, 230, 560, 8.0
parts, y = [], 40
for column in columns:
    parts.append(f'<text x="20" y="{y}" font-weight="bold">{html.escape(column)}</text>')
    y += 10
    for name in names:
        value = ratio(name, column)
        if value is None:
            continue
        length = longest * min(value, limit) / limit
        parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{html.escape(name)}</text>')
        parts.append(f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{bar - 3}" fill="{colours[name]}"/>')
        parts.append(f'<text x="{left + length + 6:.0f}" y="{y + 12}">{value:.2f}{" (cut)" if value > limit else ""}</text>')
        y += bar
    y += gap
svg = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" font-family="sans-serif" font-size="12">'
       f'<rect width="100%" height="100%" fill="white"/><text x="20" y="18">Server CPU per message, multiples of the bare loop</text>'
       + "".join(parts) + "</svg>\n")
open(f"{folder}/comparison.svg", "w").write(svg)
