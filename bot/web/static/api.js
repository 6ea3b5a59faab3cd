// Talks to the server.
export class Refused extends Error {}

async function call(path, options) {
  const response = await fetch(path, options);
  if (response.status === 401) location.assign("/login");
  if (!response.ok) throw new Refused(response.status < 500 || response.status === 503 ? await response.text() : "");
  return response;
}

export const send = async (form) => (await call("/api/messages", { method: "POST", body: form })).json();
export const withdraw = (id) => fetch(`/api/messages/${id}`, { method: "DELETE" });
export const stop = () => fetch("/api/stop", { method: "POST" });
export const gallery = async () => (await call("/api/gallery")).json();
export const rename = (source, title) =>
  call(`/api/gallery/${source}`, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ title }) });
export const remove = (source) => call(`/api/gallery/${source}`, { method: "DELETE" });
export const data = async () => (await call("/api/data")).json();
export const deleteData = () => call("/api/data", { method: "DELETE" });
export const fetchBlob = async (path) => (await call(path)).blob();

// Hears what happens in a thread until it is closed. A page that is not visible does not listen: browsers allow few connections.
export function listen(thread, { hear, lost }) {
  let source = null;
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(`/api/events?thread=${encodeURIComponent(thread())}`);
    source.onmessage = (event) => hear(JSON.parse(event.data));
    source.onerror = () => { lost(); if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(open, 2000); } };
  };
  const close = () => { source?.close(); source = null; };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
  return { reopen() { close(); open(); } };
}
