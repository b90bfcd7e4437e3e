// Shared by the pages' scripts: one way to post, one way to say what happened.
export const say = (text, kind = "wait") => {
  const line = document.querySelector("#say");
  line.className = kind;
  line.textContent = text;
};

export const post = async (path, body) => {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(value.error ?? `The server answered ${answer.status}.`);
  return value;
};
