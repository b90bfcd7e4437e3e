// Shared by the pages' scripts: one way to post, one way to say what happened.
export const say = (text, kind = "wait") => {
  const line = document.querySelector("#say");
  line.className = kind;
  line.textContent = text;
};

// Answers are Markdown, for terminals and chats; here they are read as words.
export const words = (markdown) => markdown.replaceAll(/\\([\\`*[\]<>|~_])|\*\*|`/g, "$1");

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
