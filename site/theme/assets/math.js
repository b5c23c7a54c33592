// Formulas: pymdownx.arithmatex leaves \(…\) and \[…\] in .arithmatex elements; KaTeX, served from this site, sets them.
for (const element of document.querySelectorAll(".arithmatex")) {
  const source = element.textContent.trim();
  const displayMode = source.startsWith("\\[");
  katex.render(source.slice(2, -2), element, { displayMode, throwOnError: false, strict: false });

  // Keep a short formula and the punctuation after it on one line.
  const next = element.nextSibling;
  const mark = next?.nodeType === Node.TEXT_NODE && next.data.match(/^[.,;:!?)]+/)?.[0];
  if (mark && !displayMode && element.querySelectorAll(".base").length === 1) {
    const together = document.createElement("span");
    together.style.whiteSpace = "nowrap";
    element.replaceWith(together);
    together.append(element, mark);
    next.data = next.data.slice(mark.length);
  }
}
