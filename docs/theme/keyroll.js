// What the theme leaves out for those who do not see the page or have no mouse: the menu is a landmark of its own, and the table of
// contents is opened by a button that the keyboard reaches, in place of a label that stands for a hidden box.
(() => {
  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");
  document.getElementById("mdbook-searchbar").setAttribute("aria-label", "Search the documentation");
  const label = document.getElementById("mdbook-sidebar-toggle");
  const box = document.getElementById("mdbook-sidebar-toggle-anchor");
  const button = document.createElement("button");
  button.type = "button";
  button.className = label.className;
  button.title = label.title;
  button.append(...label.childNodes);
  button.setAttribute("aria-label", label.title);
  button.setAttribute("aria-controls", "mdbook-sidebar");
  const tell = () => button.setAttribute("aria-expanded", box.checked);
  button.addEventListener("click", () => label.click());
  box.addEventListener("change", tell);
  tell();
  label.before(button);
  label.hidden = true;
  // What scrolls sideways can be scrolled by keyboard.
  const reach = () => {
    for (const one of document.querySelectorAll("pre code, .table-wrapper")) {
      if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
      else one.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reach);
  reach();
})();
