// Everything here only makes quicker what the pages do without it: keys, selecting, and lines that follow what happens.
"use strict";
(() => {
  const $ = (s, of = document) => of.querySelector(s);
  const $$ = (s, of = document) => [...of.querySelectorAll(s)];
  const form = $("form.board");
  const keep = (name, value) => { try { if (value === undefined) return localStorage.getItem(name); localStorage.setItem(name, value); } catch { return null; } };
  let keysOff = keep("keys") === "off";

  // ---- rows: one of them is the one that keys act on ----
  const rows = () => $$("tr.row");
  const box = (row) => $("input[name=alarm]", row);
  const rowOf = (node) => node && node.closest && node.closest("tr.row");
  let here = null;
  function go(row) {
    if (!row) return;
    if (here) here.removeAttribute("aria-current");
    here = row;
    row.setAttribute("aria-current", "true");
    const target = $(".k-metric a", row);
    target.focus({ preventScroll: true });
    // Nothing that sticks to the top covers it.
    const roof = Math.max(0, ...$$(".bar-of, .alarms thead th").filter((n) => getComputedStyle(n).position === "sticky").map((n) => n.getBoundingClientRect().bottom));
    const { top, bottom } = row.getBoundingClientRect();
    if (top < roof) scrollBy(0, top - roof - 6);
    else if (bottom > innerHeight) scrollBy(0, bottom - innerHeight + 6);
  }
  function step(by, select) {
    const all = rows().filter((r) => !r.classList.contains("gone"));
    const at = all.indexOf(here);
    if (select && here) pick(here, true);
    go(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by))]);
    if (select && here) pick(here, true);
  }
  function pick(row, on) {
    const b = box(row);
    if (!b || b.disabled) return;
    b.checked = on === undefined ? !b.checked : on;
    count();
  }
  function count() {
    const n = $$("tr.row input[name=alarm]:checked").length;
    const out = $(".picked");
    if (out) out.textContent = n ? n + " selected" : "";
    for (const all of $$(".pick-all")) {
      const inside = $$("input[name=alarm]:not(:disabled)", all.closest("tbody"));
      const on = inside.filter((b) => b.checked).length;
      all.checked = on > 0 && on === inside.length;
      all.indeterminate = on > 0 && on < inside.length;
    }
  }
  // A button of the bar: for the selected, or, when none is, for the row that is looked at.
  function act(button) {
    const which = $("select[name=scope]");
    if (button.name === "do" && which && !which.value && !$$("tr.row input:checked").length) {
      if (!here) return;
      pick(here, true);
    }
    button.click();
  }

  // ---- keys ----
  const dialog = $("#keys");
  const places = { a: "/", s: "/sites", o: "/sources", t: "/trail" };
  let going = 0;
  const typing = (t) => t.isContentEditable || /^(TEXTAREA|SELECT)$/.test(t.tagName) || (t.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(t.type));
  document.addEventListener("keydown", (e) => {
    if (keysOff || e.ctrlKey || e.altKey || e.metaKey || e.isComposing || e.defaultPrevented) return;
    if (typing(e.target) || (dialog && dialog.open)) return;
    const key = e.key;
    let done = true;
    if (going && Date.now() - going < 1500) {
      going = 0;
      if (places[key]) location.assign(places[key]); else done = false;
    } else if (key === "g") going = Date.now();
    else if (form && (key === "j" || key === "k")) step(key === "j" ? 1 : -1);
    else if (form && (key === "J" || key === "K")) step(key === "J" ? 1 : -1, true);
    else if (here && rowOf(document.activeElement) === here && (key === "ArrowDown" || key === "ArrowUp")) step(key === "ArrowDown" ? 1 : -1, e.shiftKey);
    else if (here && key === "x") pick(here);
    else if (here && key === " " && document.activeElement === $(".k-metric a", here)) pick(here);
    else if (key.length === 1 && key !== " ") {
      // Whatever names its key on the page has it: the actions, the filter, the help, taking back.
      const target = $$("[aria-keyshortcuts]").find((n) => n.getAttribute("aria-keyshortcuts") === key);
      if (!target) done = false;
      else if (target.matches("input")) { target.focus(); target.select(); }
      else act(target);
    } else done = false;
    if (done) e.preventDefault();
  });
  document.addEventListener("focusin", (e) => {
    const row = rowOf(e.target);
    if (row && row !== here) {
      if (here) here.removeAttribute("aria-current");
      (here = row).setAttribute("aria-current", "true");
    }
  });
  if (dialog) {
    const help = $(".keys"), off = $("#keys-off");
    help.hidden = false;
    help.addEventListener("click", () => dialog.showModal());
    off.checked = keysOff;
    off.addEventListener("change", () => { keysOff = off.checked; keep("keys", keysOff ? "off" : "on"); });
  }
  if (!form) return;

  // ---- selecting ----
  let last = null;
  form.addEventListener("click", (e) => {
    const b = e.target;
    if (b.name !== "alarm") return;
    if (e.shiftKey && last) {
      const all = rows().map(box), [from, to] = [all.indexOf(last), all.indexOf(b)].sort((x, y) => x - y);
      if (from >= 0) for (const x of all.slice(from, to + 1)) if (!x.disabled) x.checked = b.checked;
    }
    last = b;
  });
  form.addEventListener("change", (e) => {
    if (e.target.classList.contains("pick-all")) {
      for (const b of $$("input[name=alarm]:not(:disabled)", e.target.closest("tbody"))) b.checked = e.target.checked;
    }
    count();
  });
  for (const all of $$(".pick-all")) all.hidden = false;
  addEventListener("pageshow", count);

  // ---- lines that follow what happens ----
  const parse = (html) => { const t = document.createElement("template"); t.innerHTML = html; return t.content; };
  const waiting = new Map();
  // New ones that fit and stand on another page of the list.
  let elsewhere = 0;
  const arrived = $(".arrived"), show = $(".arrived button");
  // Cell by cell, so that what has the focus, is selected or stands open stays as it is.
  function refresh(row, html) {
    const fresh = parse(html).firstElementChild;
    for (const cell of [...fresh.children]) {
      const old = $("." + cell.classList[0], row);
      if (!old || old.outerHTML === cell.outerHTML) continue;
      if (old.classList.contains("k-pick")) { box(row).value = box(fresh).value; continue; }
      const news = $(".c-news", old), open = $("details[open]", old);
      if (news) cell.prepend(news, " ");
      if (open && $("details", cell)) $("details", cell).open = true;
      const at = $$("a,button,summary", old).indexOf(document.activeElement);
      old.replaceWith(cell);
      if (at >= 0) ($$("a,button,summary", cell)[at] || $(".k-metric a", row)).focus({ preventScroll: true });
    }
    row.className = fresh.className + " moved";
    row.dataset.q = fresh.dataset.q;
    box(row).disabled = false;
    setTimeout(() => row.classList.remove("moved"), 4000);
  }
  function announce() {
    const gone = $$("tr.gone").length;
    const fresh = waiting.size ? waiting.size + elsewhere + " new" : elsewhere && elsewhere + " new on other pages";
    const words = [fresh, gone && gone + " gone"].filter(Boolean).join(", ");
    show.hidden = !words;
    show.textContent = words && words + ": show";
  }
  show.addEventListener("click", () => {
    const table = $("table.alarms");
    if (elsewhere && !waiting.size && !$("tr.gone")) return location.assign(form.dataset.latest);
    if (!table) return location.reload();
    let first = null;
    for (const n of waiting.values()) {
      const row = parse(n.html).firstElementChild;
      const before = n.after && document.getElementById("a-" + n.after);
      if (before) before.after(row);
      else {
        let body = n.group ? $$("tbody", table).find((b) => b.dataset.g === n.group) : $("tbody", table);
        if (!body) {
          body = document.createElement("tbody");
          body.dataset.g = n.group;
          const head = body.insertRow(), th = document.createElement("th");
          head.className = "group";
          th.colSpan = $$("thead th", table).length;
          th.scope = "rowgroup";
          th.textContent = n.words;
          head.append(th);
          $("thead", table).after(body);
        }
        const head = $("tr.group", body);
        if (head) head.after(row); else body.prepend(row);
      }
      row.classList.add("moved");
      setTimeout(() => row.classList.remove("moved"), 4000);
      first = first || row;
    }
    waiting.clear();
    for (const row of $$("tr.gone")) row.remove();
    announce();
    go(first || (here && here.isConnected ? here : rows()[0]));
  });
  function change(c) {
    for (const [id, html] of c.rows) {
      const row = document.getElementById("a-" + id);
      if (row) refresh(row, html);
      else if (waiting.has(id)) waiting.get(id).html = html;
    }
    for (const n of c.new) {
      const row = document.getElementById("a-" + n.id);
      if (row) refresh(row, n.html); else waiting.set(n.id, n);
    }
    for (const id of c.gone) {
      waiting.delete(id);
      const row = document.getElementById("a-" + id);
      if (!row) continue;
      row.classList.add("gone");
      box(row).checked = false;
      box(row).disabled = true;
      const next = $(".k-next", row);
      if (next && !next.contains(document.activeElement)) next.textContent = "left this list";
    }
    for (const [id, words, hours, band, css] of c.ages) {
      const cell = $("#a-" + id + " .k-age");
      if (!cell) continue;
      $("b", cell).textContent = words;
      $("rect", cell).setAttribute("width", hours);
      $(".away", cell).textContent = ", " + band;
      cell.className = "k-age " + css;
    }
    if (c.more !== undefined) elsewhere = c.more;
    if (c.counts) {
      for (const a of $$(".count")) {
        const n = c.counts.queues[a.dataset.n];
        $("b", a).textContent = n;
        a.classList.toggle("none", !n);
      }
      document.title = document.title.replace(/^.*?(?= · )/, c.counts.title);
    }
    announce();
    count();
  }
  function beat(html) {
    const fresh = parse(html);
    for (const name of ["fresh", "alerts", "clock"]) {
      const old = document.getElementById(name), now = fresh.getElementById(name);
      if (old && now && old.innerHTML !== now.innerHTML) old.replaceWith(now);
    }
  }
  let heard = Date.now(), source = null;
  const lost = $(".lost");
  function listen() {
    source = new EventSource(form.dataset.live);
    const on = (name, what) => source.addEventListener(name, (e) => { heard = Date.now(); what(e); });
    on("change", (e) => change(JSON.parse(e.data)));
    on("beat", (e) => beat(JSON.parse(e.data)));
    on("reload", () => { source.close(); source = null; lost.hidden = false; });
  }
  if (form.dataset.live && !$("meta[http-equiv=refresh]")) {
    listen();
    setInterval(() => {
      // Silent for three beats: what is shown may be old, and that is said.
      lost.hidden = source && Date.now() - heard < 46000;
      if (source && source.readyState === 2 && Date.now() - heard > 20000) { heard = Date.now() - 46000; listen(); }
    }, 5000);
    addEventListener("pagehide", () => source && source.close());
    addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
  }
})();
