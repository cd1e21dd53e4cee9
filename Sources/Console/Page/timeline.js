// What happened, newest first; the filter keeps what has all its words.

import { html } from './dom.js';
import { dateAndTime, timeOfDay } from './format.js';

/// So many of what came at once are told to those who don't see the page.
const toldAtOnce = 3;

export class Timeline {
  constructor(list, note, filter, announce) {
    Object.assign(this, { list, note, filter, announce, events: [], lastToldMs: null });
    filter.addEventListener('input', () => this.draw());
  }

  /// - events: of a Snapshot, oldest first.
  show(events) {
    this.events = events;
    this.draw();
    const fresh = events.filter(({ t }) => this.lastToldMs !== null && t > this.lastToldMs).slice(-toldAtOnce);
    if (fresh.length) this.announce(fresh.map(({ text }) => text).join('. '));
    this.lastToldMs = events.at(-1)?.t ?? 0;
  }

  draw() {
    const words = this.filter.value.toLowerCase().split(' ').filter(Boolean);
    const shown = this.events.filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
    this.list.replaceChildren(...shown.toReversed().map(({ t, text }) => html('li', {},
      html('time', { datetime: new Date(t).toISOString(), title: dateAndTime(t) }, timeOfDay(t)),
      html('span', {}, text))));
    this.note.hidden = shown.length > 0;
    this.note.textContent = this.events.length ? 'Nothing that happened has these words.' : 'Nothing has happened yet.';
  }
}
