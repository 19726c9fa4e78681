/**
 * Values at dotted paths of JSON data. The paths are those of the table of fields, never of a request.
 * @module
 */

const isObject = (value) => typeof value === 'object' && value !== null;

/** The value at a path; undefined if there is none. */
export function at(json, path) {
  return path
    .split('.')
    .reduce((value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined), json);
}

/** Sets the value at a path, or removes it if the value is undefined. */
export function put(json, path, value) {
  const keys = path.split('.');
  const last = keys.pop();
  let place = json;
  for (const key of keys) {
    if (!isObject(place[key])) {
      if (value === undefined) return;
      place[key] = {};
    }
    place = place[key];
  }
  if (value === undefined) delete place[last];
  else place[last] = value;
}
