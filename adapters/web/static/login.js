// The token field: a right token opens the page that was asked for.

import { byId } from "./dom.js";

const PAGES = ["/", "/admin"];

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const trouble = byId("trouble");
  trouble.textContent = "";
  try {
    const response = await fetch("/api/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: byId("token").value }),
    });
    if (response.ok) {
      const next = new URLSearchParams(location.search).get("next");
      location.assign(PAGES.includes(next) ? next : "/");
      return;
    }
    trouble.textContent = (await response.json()).error.message;
    byId("token").select();
  } catch {
    trouble.textContent = "The server does not answer. Check that it runs, then try again.";
  }
});
