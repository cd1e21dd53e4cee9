// The requests that were traced lately, and one of them as a waterfall.
//
// GET /traces answers with [Summary], what failed first, then what was slow; GET /traces/ID with {summary, rows [Row]}.
// Both want the token, see access.js.
//
// Summary {id, name, path?, status?, startedAtMs, milliseconds, spans, places [string], hasFailed}
// Row     {depth, name, place, detail, startMs, milliseconds, hasFailed}     in the order in which they are shown

import { html } from './dom.js';
import { dateAndTime, figure, timeOfDay } from './format.js';

const intervalMs = 5_000;
/// Deeper ones stand as far to the right as this.
const depthLimit = 6;

export class Traces {
  /// - announce: tells those who don't see the page; a whole waterfall would be too much to hear.
  constructor(access, list, view, note, announce) {
    Object.assign(this, { access, list, view, note, announce, shown: null, isOpen: false, drawn: '' });
    setInterval(() => this.load(), intervalMs);
  }

  /// The page may look, or may not any more.
  open(isOpen) {
    this.isOpen = isOpen;
    if (isOpen) return this.load();
    this.say('Open the address that heights up printed to see them.');
    this.list.replaceChildren();
    this.view.hidden = true;
  }

  async load() {
    if (!this.isOpen || document.hidden) return;
    const traces = await this.ask('/traces');
    if (traces === null) return;
    this.say(traces.length ? '' : 'None yet: a share of all requests is, and those that fail or are slow.');
    const text = JSON.stringify([traces, this.shown]);
    if (text === this.drawn) return;
    this.drawn = text;
    const focused = document.activeElement?.dataset?.trace;
    this.list.replaceChildren(...traces.map((trace) => this.entry(trace)));
    this.list.querySelector(`[data-trace="${focused}"]`)?.focus();
  }

  entry({ id, name, path, status, startedAtMs, milliseconds, places, hasFailed }) {
    const button = html('button',
      { class: 'trace', type: 'button', 'data-trace': id, 'data-failed': hasFailed ? '' : null,
        'aria-pressed': String(this.shown === id), title: path },
      html('span', { class: 'trace-name' }, name),
      html('span', { class: 'trace-status' }, status == null ? '' : String(status)),
      html('span', { class: 'trace-ms' }, `${figure(milliseconds)} ms`),
      html('span', { class: 'trace-at' },
        html('time', { datetime: new Date(startedAtMs).toISOString(), title: dateAndTime(startedAtMs) }, timeOfDay(startedAtMs)),
        ` ${places.length === 1 ? places[0] : `${places.length} processes`}`));
    button.addEventListener('click', () => this.show(id));
    return html('li', {}, button);
  }

  async show(id) {
    const trace = await this.ask(`/traces/${id}`);
    if (trace === null) return this.say('It is not kept any more.');
    this.shown = id;
    this.draw(trace);
    const { name, milliseconds, spans } = trace.summary;
    this.announce(`${name}, ${figure(milliseconds)} ms, ${spans} steps, below the list.`);
    this.load();
  }

  draw({ summary, rows }) {
    const whole = Math.max(summary.milliseconds, 0.01);
    this.view.hidden = false;
    this.view.replaceChildren(
      html('h3', {}, `${summary.name}, ${figure(summary.milliseconds)} ms`),
      html('p', { class: 'detail' }, `${summary.path ?? ''} ${dateAndTime(summary.startedAtMs)}, trace `, html('code', {}, summary.id)),
      html('ol', { class: 'waterfall' }, ...rows.map((row) => this.row(row, whole))));
  }

  row({ depth, name, place, detail, startMs, milliseconds, hasFailed }, whole) {
    const bar = html('span', { class: 'span-bar' });
    bar.style.setProperty('--start', Math.min(startMs / whole, 1));
    bar.style.setProperty('--length', Math.min(milliseconds / whole, 1));
    const label = html('span', { class: 'span-name' }, name, html('span', { class: 'span-place' }, place));
    const item = html('li', { 'data-failed': hasFailed ? '' : null },
      label,
      html('span', { class: 'span-track', 'aria-hidden': 'true' }, bar),
      html('span', { class: 'span-ms' }, html('span', { class: 'for-readers' }, `at ${figure(startMs)} ms, took `), `${figure(milliseconds)} ms`),
      detail ? html('span', { class: 'span-detail' }, detail) : null);
    item.style.setProperty('--depth', Math.min(depth, depthLimit));
    return item;
  }

  say(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }

  async ask(path) {
    try {
      const answer = await fetch(path, { headers: this.access.headers, cache: 'no-store' });
      return answer.ok ? await answer.json() : null;
    } catch {
      // Nobody answers: the page says so elsewhere.
      return null;
    }
  }
}
