/**
 * Calls a function of the server.
 * @module
 */

const csrfToken = document.querySelector('meta[name=csrf-token]').content;

/** Resolves with the answer. An error has `problems`, each with its field, and `remedy`, if the server sent them. */
export async function request(name, body = {}, signal = undefined) {
  const response = await fetch(`/api/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrfToken },
    body: JSON.stringify(body),
    signal,
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.message), { problems: [], recipients: [] }, answer);
  return answer;
}
