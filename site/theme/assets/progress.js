// Live progress. Only `course serve` adds this script to the pages; a published site does not load it.
// Cards and panels carry data-unit, a milestone's card data-milestone with its phase's id, exercises data-exercise; the
// server sends where the learner stands (grader.learner).
const MARKS = { right: "✓ ", wrong: "✗ ", open: "", unsure: "~ " };

let latest = null;

// The element of this class within (or, with `before`, ahead of) another; made on first use.
function place(tag, className, parent, before = null) {
  const found = [...parent.children].find((child) => child.classList.contains(className));
  if (found) return found;
  const made = document.createElement(tag);
  made.className = className;
  parent.insertBefore(made, before);
  return made;
}

function say(element, state, text) {
  element.dataset.state = state;
  element.textContent = text;
}

// An outcome by its word, in the tone that the server gives it: one that this page has never heard of, too.
function outcome(element, word, progress) {
  const tone = progress.tones?.[word] ?? "unsure";
  say(element, word, MARKS[tone] + word);
  element.dataset.tone = tone;
}

// What the judge said of an exercise, below its line in the lesson; nothing where there is nothing to say.
function tell(element, told, progress) {
  let box = element.nextElementSibling;
  if (!box?.classList.contains("z-told")) {
    if (!told) return;
    box = document.createElement("div");
    box.className = "z-told";
    box.setAttribute("role", "status");
    element.after(box);
  }
  box.replaceChildren();
  for (const part of told?.parts ?? []) {
    const line = document.createElement("p");
    outcome(place("span", "z-state", line), part.verdict, progress);
    line.prepend(`${part.name}, ${part.points} of ${part.max_points}: `);
    box.append(line);
  }
  if (told?.check) box.append(Object.assign(document.createElement("p"), { className: "z-check", textContent: told.check }));
  for (const { says, text, section, href } of told?.lines ?? []) {
    const line = Object.assign(document.createElement("p"), { className: `z-says-${says}`, textContent: text });
    if (section) line.append(" → ", Object.assign(document.createElement("a"), { href, textContent: section }));
    box.append(line);
  }
}

function bar(parent, done, total) {
  place("span", "z-bar", parent).style.setProperty("--done", total ? done / total : 0);
}

function named(unit) {
  return `${unit.number.toUpperCase()} ${unit.title}`;
}

// A project whose exercises pass is done only when a training run of it has been accepted.
function state(unit, isProject) {
  if (!isProject || unit.state === "locked") return unit.state;
  if (unit.accepted === true) return "accepted";
  return unit.passed === unit.total ? "ready" : "open";
}

function summary(unit, state) {
  if (state === "locked") {
    return `locked: opens with ${unit.opens_with}`;
  }
  const count = `${unit.passed} of ${unit.total} passed${unit.owed ? `, ${unit.owed} owed` : ""}`;
  if (state === "passed") return `✓ ${count}`;
  if (state === "accepted") return "✓ accepted";
  return state === "ready" ? `${count}: ready to train` : count;
}

// Where to go on: the lesson, at the exercise, if this page links to it; else the unit's place on the road.
function address([unit, exercise]) {
  const lesson = document.getElementById(unit)?.querySelector("a")?.href;
  return lesson ? lesson + (exercise ? `#${exercise.toLowerCase()}` : "") : `/road.html#${unit}`;
}

function render(progress) {
  const units = { ...progress.units, ...progress.projects };
  const next = progress.next?.split("/");

  for (const element of document.querySelectorAll("[data-unit]")) {
    const unit = units[element.dataset.unit];
    if (!unit || unit.state === "coming") continue;
    const now = state(unit, element.dataset.unit in (progress.projects ?? {}));
    element.dataset.state = now;
    element.toggleAttribute("data-next", element.dataset.unit === next?.[0]);
    const panel = element.classList.contains("z-panel");
    const line = place("p", "z-state", element, panel ? element.querySelector("table") : null);
    say(line, now, summary(unit, now));
    bar(line, unit.passed, unit.total);
  }

  for (const element of document.querySelectorAll("[data-milestone]")) {
    const reached = progress.milestones?.[element.dataset.milestone]?.reached === true;
    element.dataset.state = reached ? "reached" : "open";
    say(place("p", "z-state", element), element.dataset.state, reached ? "✓ reached" : "");
  }

  const verdicts = Object.assign({}, ...Object.values(units).map((unit) => unit.exercises));
  for (const element of document.querySelectorAll("[data-exercise]")) {
    const verdict = verdicts[element.dataset.exercise];
    if (!verdict) continue;
    const parent = element.querySelector(".z-name small") ?? element;
    place("span", "z-dot", parent).textContent = " · ";
    outcome(place("span", "z-state", parent), verdict, progress);
    if (element.classList.contains("z-exercise")) tell(element, progress.told?.[element.dataset.exercise], progress);
  }

  const anchor = document.querySelector(".z-road, .z-numbers");
  if (anchor) overview(place("div", "z-live", anchor.parentElement, anchor), units, next);
}

function overview(box, units, next) {
  const sum = (key) => Object.values(units).reduce((total, unit) => total + unit[key], 0);
  box.setAttribute("role", "status");
  box.textContent = `${sum("passed")} of ${sum("total")} exercises passed, ${sum("points")} of ${sum("max_points")} points. `;
  if (next) {
    const link = document.createElement("a");
    link.href = address(next);
    link.textContent = named(units[next[0]]) + (next[1] ? `, ${next[1]}` : "");
    box.append("Next: ", link);
  } else {
    box.append("All that is written so far is done.");
  }
  bar(box, sum("passed"), sum("total"));
}

function trouble(text) {
  const article = document.querySelector("article");
  const line = place("p", "z-trouble", article, article.firstChild);
  line.setAttribute("role", "status");
  line.textContent = text;
  line.hidden = !text;
}

// A browser grants a host six connections in all: a page that nobody looks at gives its own back.
let source = null;

function follow() {
  if (document.hidden) {
    source?.close();
    source = null;
  } else if (!source) {
    source = new EventSource("/api/events");
    source.onmessage = (message) => {
      const progress = JSON.parse(message.data);
      trouble(progress.error ?? "");
      if (!progress.error && message.data !== latest) render(progress);
      latest = message.data;
    };
    source.onerror = () => trouble("Not connected: course serve has stopped.");
  }
}

document.addEventListener("visibilitychange", follow);
follow();
