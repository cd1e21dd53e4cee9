// Whether this page may act, and the one way in which it does.
//
// `heights up` prints the console's address with a token in its fragment. The page takes it out of the address, so that
// it gets into no history and no screenshot, and keeps it for as long as the tab lives.

const key = 'heights-token';

export class Access {
  /// - onChange: called with 'none', 'open' or 'stale' whenever that changes.
  constructor(onChange) {
    Object.assign(this, { onChange, state: null });
    window.addEventListener('hashchange', () => this.take());
  }

  /// Takes the token from the address, where there is one.
  take() {
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    if (token) {
      sessionStorage.setItem(key, token);
      history.replaceState(null, '', location.pathname);
    }
    this.check();
  }

  /// Asks the server whether the token is of this run.
  async check() {
    if (!this.token) return this.change('none');
    try {
      const answer = await fetch('/access', { headers: this.headers, cache: 'no-store' });
      this.change(answer.ok ? 'open' : 'stale');
    } catch {
      // Nobody answers: the page says so elsewhere, and asks again once it is connected.
    }
  }

  /// Asks for an action. Throws what to tell people when it is refused.
  async act(name, body = {}) {
    const answer = await this.send(name, body);
    if (answer.ok) return;
    if (answer.status === 401 || answer.status === 403) this.change('stale');
    const problem = await answer.json().catch(() => ({}));
    const fields = (problem.errors ?? []).map((field) => `${field.name}: ${field.message}`);
    throw new Error([problem.detail ?? problem.title ?? `status ${answer.status}`, ...fields].join(' '));
  }

  async send(name, body) {
    try {
      return await fetch(`/actions/${name}`, {
        method: 'POST', body: JSON.stringify(body), headers: { ...this.headers, 'Content-Type': 'application/json' },
      });
    } catch {
      throw new Error('The console does not answer. Is the lab still up?');
    }
  }

  get token() {
    return sessionStorage.getItem(key);
  }

  get headers() {
    return { Authorization: `Bearer ${this.token}` };
  }

  change(state) {
    if (state === this.state) return;
    this.state = state;
    this.onChange(state);
  }
}
