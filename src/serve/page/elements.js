// @ts-check

/**
 * Makes an element with some properties and content. Texts are texts, never HTML: they come from tables and their users.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, unknown>} [properties] a name with a hyphen, or `role`, is an attribute
 * @param {readonly (Node | string)[]} [content]
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, properties = {}, content = []) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (key.includes('-') || key === 'role') element.setAttribute(key, String(value));
    else Object.assign(element, { [key]: value });
  }
  element.append(...content);
  return element;
}

/**
 * The element of the page with an id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function find(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`there is no element '${id}'`);
  return element;
}
