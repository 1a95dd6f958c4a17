"use strict";
// Shows the findings that stand in the page as data: filter, sort, group, and one part of the page for each that is opened.
// Every text becomes a text node: nothing of it is ever read as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SEVERITIES = ["critical", "high", "medium", "low", "info"];
  const MARKS = ["◆", "▲", "●", "▽", "○"];
  const AT_ONCE = 100;
  const NOBODY = "(nobody known)", NONE = "(none)";
  const byId = (id) => document.getElementById(id);
  const [form, table, said, more] = ["filters", "table", "shown", "more"].map(byId);

  const element = (name, properties, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties || {})) {
      if (key in made) made[key] = value; else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };

  const keys = {
    rule: (one) => [one.rule],
    owner: (one) => [one.owner || NOBODY],
    integration: (one) => (one.integrations.length ? one.integrations : [NONE]),
    source: (one) => (one.sources.length ? one.sources : [NONE]),
  };
  const label = (kind, key) => (kind === "rule" && data.rules[key] ? data.rules[key].title : key);

  for (const one of data.findings) {
    const known = data.resources[one.resource];
    const facts = known ? known.facts.map((fact) => fact.join(" ")) : [];
    const words = [one.message, one.id, one.rule, data.rules[one.rule].title, one.name, one.resource, one.owner || "", one.remedy];
    one.text = words.concat(one.integrations, one.sources, data.rules[one.rule].controls, facts).join("\n").toLowerCase();
  }

  // The lists of what can be chosen, the most frequent first.
  for (const kind of Object.keys(keys)) {
    const counts = new Map();
    for (const one of data.findings) for (const key of keys[kind](one)) counts.set(key, (counts.get(key) || 0) + 1);
    const sorted = [...counts].sort((a, b) => b[1] - a[1] || (label(kind, a[0]) < label(kind, b[0]) ? -1 : 1));
    byId(kind).append(...sorted.map(([key, count]) => element("option", { value: key }, `${label(kind, key)} (${count})`)));
  }

  const fits = {
    open: (one) => one.status === "open",
    new: (one) => one.new && one.status === "open",
    waived: (one) => one.status === "waived",
    unconfirmed: (one) => one.unconfirmed !== null,
    resolved: (one) => one.status === "resolved",
    "": () => true,
  };
  const values = {
    severity: (one) => one.severity,
    message: (one) => one.message.toLowerCase(),
    owner: (one) => (one.owner || "\uffff").toLowerCase(),
    integration: (one) => (one.integrations[0] || "\uffff").toLowerCase(),
    first: (one) => one.first,
    short: (one) => one.short,
  };
  const state = { sort: "severity", down: false, limit: AT_ONCE, open: new Set(), groups: new Map() };

  const chosen = () => {
    const words = byId("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set([...form.querySelectorAll("[name=severity]:checked")].map((box) => Number(box.value)));
    const wanted = Object.keys(keys).map((kind) => [kind, byId(kind).value]).filter(([, value]) => value !== "");
    const stands = fits[byId("status").value];
    const found = data.findings.filter((one) =>
      severities.has(one.severity) && stands(one) && wanted.every(([kind, value]) => keys[kind](one).includes(value)) &&
      words.every((word) => one.text.includes(word)));
    const value = values[state.sort];
    const sign = state.down ? -1 : 1;
    return found.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return x < y ? -sign : x > y ? sign : a.severity - b.severity || (a.id < b.id ? -1 : 1);
    });
  };

  // A narrow window has fewer columns; what spans all of them spans those.
  const narrow = matchMedia("(max-width: 40rem)");
  const columns = () => [...table.tHead.rows[0].cells].filter((cell) => getComputedStyle(cell).display !== "none").length;

  const number = (count) => count.toLocaleString("en");

  const row = (one) => {
    const is = state.open.has(one.id);
    const opener = element("button", { type: "button", className: "open-button" }, one.message);
    opener.setAttribute("aria-expanded", is);
    opener.setAttribute("data-finding", one.id);
    const tags = [];
    if (one.new) tags.push(" ", element("span", { className: "tag bad" }, "new, back or worse"));
    if (one.status !== "open") tags.push(" ", element("span", { className: "tag dim" }, one.status));
    if (one.unconfirmed) tags.push(" ", element("span", { className: "tag warn" }, "not confirmed"));
    const severity = element("span", { className: `severity s${one.severity}` }, `${MARKS[one.severity]} ${SEVERITIES[one.severity]}`);
    const made = element("tr", { id: one.short },
      element("td", null, severity),
      element("td", null, element("bdi", null, opener), ...tags),
      element("td", null, element("bdi", null, one.owner || element("span", { className: "dim" }, "not known"))),
      element("td", null, element("bdi", null, one.integrations.join(", ") || element("span", { className: "dim" }, "none"))),
      element("td", { className: "nowrap" }, one.first),
      element("td", { className: "nowrap" }, element("a", { className: "id", href: `#${one.short}` }, one.short)));
    return is ? [made, part(one)] : [made];
  };

  const pairs = (rows) => element("dl", null, ...rows.filter(([, value]) => value).flatMap(([name, value]) =>
    [element("dt", null, name), element("dd", null, element("bdi", null, value))]));

  const part = (one) => {
    const rule = data.rules[one.rule];
    const known = data.resources[one.resource];
    const inside = [];
    const heading = (text) => inside.push(element("h3", null, text));
    const prose = (text) => inside.push(element("p", { className: "prose" }, text));
    heading("What to do first");
    prose(one.remedy);
    if (one.unconfirmed) inside.push(element("p", { className: "warn" }, one.unconfirmed));
    if (one.waiver) inside.push(element("p", null, `Waiver ${one.waiver}`));
    if (rule.why) { heading("Why it matters"); prose(rule.why); }
    if (known && known.chain.length) {
      heading("By which way");
      inside.push(element("ol", { className: "chain", "aria-label": "Chain of access" }, ...known.chain.map((step) =>
        element("li", null, element("span", { className: `step ${step.sort}` }, element("small", null, step.sort), element("bdi", null, step.words))))));
    }
    if (known && known.reach) prose(known.reach);
    heading("The finding");
    inside.push(pairs([
      ["Rule", `${one.rule} (version ${rule.version}): ${rule.title}`], ["Resource", `${one.kind} ${one.name}`], ["Id", one.resource],
      ["Owner", one.owner || "not known"], ["Integrations", one.integrations.join(", ")], ["Read from", one.sources.join(", ")],
      ["First seen", one.first], ["So since", one.since], ["Last seen", `${one.last} UTC`], ["Controls", rule.controls.join(", ")], ["Finding", one.id]]));
    if (known) {
      heading(known.observed ? "What is known" : "What is known (as last seen: it was out of sight in this scan)");
      inside.push(pairs(known.facts));
      if (known.untold.length) inside.push(element("p", { className: "warn" }, `No source tells: ${known.untold.join(", ")}.`));
    } else {
      inside.push(element("p", { className: "dim" }, "This scan knows nothing of the resource: it is gone, or was never in its sight."));
    }
    if (rule.fix) { heading("How to mend it"); prose(rule.fix); }
    if (rule.verify) { heading("How to see the same by hand"); prose(rule.verify); }
    const links = rule.references.map((address) => element("li", null, /^https:\/\//.test(address)
      ? element("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, address) : address));
    if (links.length) { heading("To read on"); inside.push(element("ul", null, ...links)); }
    if (one.history.length) {
      heading("What happened so far");
      inside.push(pairs(one.history.map(([at, step, note]) => [`${at} UTC`, note ? `${step}: ${note}` : step])));
    }
    const cell = element("td", { colSpan: columns() }, ...inside);
    return element("tr", { className: "part" }, cell);
  };

  const body = (rows) => element("tbody", null, ...rows);

  const grouped = (found, kind) => {
    const groups = new Map();
    for (const one of found) for (const key of keys[kind](one)) {
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(one);
    }
    const sorted = [...groups].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
    return sorted.map(([key, members]) => {
      const name = `${kind}:${key}`;
      const limit = state.groups.get(name) || 0;
      const counts = SEVERITIES.map((severity, at) => [members.filter((one) => one.severity === at).length, severity])
        .filter(([count]) => count > 0).map(([count, severity]) => `${number(count)} ${severity}`).join(" · ");
      const opener = element("button", { type: "button" }, `${limit ? "▾" : "▸"} ${label(kind, key)}`);
      opener.setAttribute("aria-expanded", limit > 0);
      opener.setAttribute("data-group", name);
      const head = element("tr", { className: "group" }, element("th", { colSpan: columns(), scope: "rowgroup" }, opener, " ",
        element("span", { className: "dim" }, `${number(members.length)}: ${counts}`)));
      const rows = members.slice(0, limit).flatMap(row);
      if (limit && members.length > limit) {
        const next = element("button", { type: "button" }, `Show ${number(Math.min(AT_ONCE, members.length - limit))} more of ${label(kind, key)}`);
        next.setAttribute("data-further", name);
        rows.push(element("tr", null, element("td", { colSpan: columns() }, next)));
      }
      return body([head, ...rows]);
    });
  };

  const show = () => {
    const found = chosen();
    const kind = byId("group").value;
    for (const old of [...table.tBodies]) old.remove();
    if (kind) {
      table.append(...grouped(found, kind));
    } else {
      table.append(body(found.slice(0, state.limit).flatMap(row)));
    }
    for (const heading of table.tHead.rows[0].cells) {
      const sort = heading.querySelector("button").dataset.sort;
      if (sort === state.sort) heading.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    }
    const left = kind ? 0 : found.length - state.limit;
    more.hidden = left <= 0;
    more.textContent = `Show ${number(Math.min(AT_ONCE, left))} more`;
    said.textContent = `${number(found.length)} of ${number(data.findings.length)} findings on this page fit.`;
    return found;
  };
  const again = () => { state.limit = AT_ONCE; show(); };

  // Goes to the finding that the address names, whatever the filter hides.
  const visit = () => {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const one = data.findings.find((finding) => finding.short === wanted || finding.id === wanted);
    if (!one) return;
    state.open.add(one.id);
    let found = chosen();
    if (byId("group").value || !found.includes(one)) {
      form.reset();
      byId("status").value = "";
      found = chosen();
    }
    state.limit = Math.max(state.limit, found.indexOf(one) + 1);
    show();
    const place = byId(one.short);
    place.scrollIntoView({ block: "start" });
    place.querySelector("button").focus({ preventScroll: true });
  };

  form.addEventListener("input", again);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(again));
  more.addEventListener("click", () => { state.limit += AT_ONCE; show(); });
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { sort, finding, group, further } = button.dataset;
    if (sort) {
      state.down = sort === state.sort && !state.down;
      state.sort = sort;
    } else if (finding) {
      if (!state.open.delete(finding)) state.open.add(finding);
    } else if (group) {
      state.groups.set(group, state.groups.get(group) ? 0 : AT_ONCE);
    } else if (further) {
      state.groups.set(further, state.groups.get(further) + AT_ONCE);
    }
    show();
    const name = Object.keys(button.dataset)[0];
    const same = [...table.querySelectorAll(`[data-${name}]`)].find((one) => one.dataset[name] === button.dataset[name]);
    if (same) same.focus({ preventScroll: true });
  });
  addEventListener("hashchange", visit);
  narrow.addEventListener("change", show);
  // On paper stands all that fits the filter.
  let before = AT_ONCE;
  addEventListener("beforeprint", () => { before = state.limit; state.limit = Infinity; show(); });
  addEventListener("afterprint", () => { state.limit = before; show(); });

  form.hidden = false;
  table.hidden = false;
  show();
  visit();
})();
