// Small comforts of the incident's forms; all of them work without this.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  function prepare(root) {
    if (!zone) return;
    for (const input of root.querySelectorAll("input[data-zone]")) if (!input.value) input.setAttribute("value", zone);
    for (const name of root.querySelectorAll("[data-zone-name]")) name.textContent = zone.replaceAll("_", " ");
  }

  // A time typed means "at that time"; a public update needs its link.
  document.addEventListener("input", (event) => {
    const { form, name } = event.target;
    if (!form) return;
    if (name === "next_at" && event.target.value) form.querySelector("input[name=next][value=at]").checked = true;
    if (name === "audience") {
      const link = form.querySelector("input[name=link]");
      if (link) link.required = event.target.value === "public" && event.target.checked;
    }
  });

  // A second click while the first is under way is no second wish.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    prepare(form);
    if (form.hasAttribute("data-sent")) event.preventDefault();
    form.setAttribute("data-sent", "");
    setTimeout(() => form.removeAttribute("data-sent"), 10_000); // stopped on the way: to be sent again
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => form.removeAttribute("data-sent")));

  // What is put in anew comes from a server that does not know the viewer's zone.
  document.addEventListener("htmx:before:swap", (event) => {
    for (const task of event.detail.tasks || []) if (task.fragment?.querySelectorAll) prepare(task.fragment);
  });

  // How it stands is said aloud when it changes, however it came to.
  const stands = () => document.getElementById("incident-head")?.dataset.stands || "";
  let told = stands();
  let busy = null;
  document.addEventListener("htmx:before:swap", () => { busy = document.activeElement?.closest("form"); });
  document.addEventListener("htmx:after:swap", () => {
    // A form that has no more use went from under somebody's hands: here is why.
    if (busy && !busy.isConnected) document.getElementById("incident-head")?.focus();
    busy = null;
    const live = document.getElementById("live");
    if (live && stands() !== told) live.textContent = told = stands();
  });

  prepare(document);
  // What was just done is said once: a reload, or a bookmark, does not say it again.
  const place = new URL(location.href);
  if (place.searchParams.has("done")) {
    place.searchParams.delete("done");
    history.replaceState(history.state, "", place);
  }
  if (location.hash) {
    const wanted = document.querySelector(`details[id="${CSS.escape(location.hash.slice(1))}"]`);
    if (wanted) wanted.open = true;
  }
})();
