"use strict";
// The overview's chart and figures, asked for again every five seconds. Every other page works without a script.
(() => {
  const chart = document.getElementById("chart");
  if (!chart || typeof uPlot === "undefined") return;
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const names = ["accepted", "delivered", "deferred", "bounced"];
  const figure = name => document.querySelector(`[data-figure="${name}"]`);
  let range = "hour", plot = null, timer = 0;

  const duration = ms => ms == null ? "–" : ms < 1000 ? `${ms} ms` : ms < 120000 ? `${(ms / 1000).toFixed(1)} s` : ms < 7200000 ? `${(ms / 60000).toFixed(1)} min` : ms < 172800000 ? `${(ms / 3600000).toFixed(1)} h` : `${(ms / 86400000).toFixed(1)} d`;
  const percent = part => part == null ? "" : `${(part * 100).toFixed(1)} %`;

  // UTC, as every time on the pages.
  const moment = t => new Date(t * 1000).toISOString().slice(0, 19).replace("T", " ");
  const label = t => {
    const time = moment(t);
    return range === "month" ? time.slice(5, 10) : time.slice(11, 16);
  };

  function build(data) {
    const grid = { stroke: style("--line"), width: 1 };
    const axis = { stroke: style("--muted"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
    plot?.destroy();
    plot = new uPlot({
      width: chart.clientWidth,
      height: chart.clientWidth < 500 ? 220 : 280,
      series: [{ value: (u, t) => t == null ? "–" : moment(t) }, ...names.map((name, i) => ({
        label: name[0].toUpperCase() + name.slice(1), stroke: style(`--series-${i + 1}`), width: 2, points: { show: false },
        fill: i === 0 ? `${style("--series-1")}1f` : undefined,
      }))],
      axes: [{ ...axis, values: (u, times) => times.map(t => label(t)) }, { ...axis, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6] }],
      tzDate: t => uPlot.tzDate(new Date(t * 1000), "Etc/UTC"),
      scales: { y: { range: (u, min, max) => [0, Math.max(5, max * 1.1)] } },
      cursor: { drag: { x: false, y: false } },
    }, data, chart);
  }

  async function load() {
    clearTimeout(timer);
    try {
      const response = await fetch(`/data/overview?range=${range}`, { headers: { accept: "application/json" } });
      if (response.redirected) { location.assign("/login"); return; }
      const answer = await response.json();
      const data = [answer.start, ...names.map(name => answer[name])];
      plot ? plot.setData(data) : build(data);
      for (const name of names) figure(name).textContent = answer.total[name].toLocaleString("en");
      figure("delivered_rate").textContent = percent(answer.total.rates.delivered);
      figure("bounced_rate").textContent = percent(answer.total.rates.bounced);
      figure("p50").textContent = duration(answer.total.delivery_ms?.p50);
      figure("p95").textContent = answer.total.delivery_ms ? `95 % within ${duration(answer.total.delivery_ms.p95)}` : "";
      figure("waiting").textContent = answer.queue.waiting.toLocaleString("en");
      figure("oldest").textContent = answer.queue.oldest_accepted_at ? `oldest ${duration(Date.now() - Date.parse(answer.queue.oldest_accepted_at))}` : "";
      document.getElementById("chart-empty").hidden = names.some(name => answer.total[name] > 0);
    } catch {
      // The relay may be starting anew: asked again below.
    }
    timer = setTimeout(load, 5000);
  }

  for (const button of document.querySelectorAll("[data-range]")) {
    button.addEventListener("click", () => {
      range = button.dataset.range;
      for (const other of document.querySelectorAll("[data-range]")) other.setAttribute("aria-pressed", String(other === button));
      plot?.destroy();
      plot = null;
      load();
    });
  }
  addEventListener("resize", () => plot?.setSize({ width: chart.clientWidth, height: chart.clientWidth < 500 ? 220 : 280 }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && build(plot.data));
  load();
})();
