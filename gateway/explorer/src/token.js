const KEY = 'kundengraph:token';

/** The caller's API token: kept for this browser tab only. */
export class Token {
  get value() {
    return sessionStorage.getItem(KEY) ?? '';
  }

  set value(text) {
    const token = text.trim();
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
  }

  get credentials() {
    return this.value ? { authorization: `Bearer ${this.value}` } : {};
  }
}
