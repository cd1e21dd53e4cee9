// The releases whose files are there: which one runs, which is on its way, and the way back to those before.

import { html } from './dom.js';
import { dateAndTime } from './format.js';

const states = { running: 'runs', canary: 'on its way', replaced: 'ran before', bad: 'taken back', unused: 'never ran' };

export class ReleasePanel {
  constructor(root, controls) {
    Object.assign(this, { root, controls, list: root.querySelector('ol'), note: root.querySelector('p') });
  }

  /// - releases: of a Snapshot; null from a lab that has none.
  show(releases) {
    const kept = releases?.releases.filter(({ isKept }) => isKept) ?? [];
    this.root.hidden = kept.length === 0;
    const { rollout, current } = releases ?? {};
    this.note.textContent = rollout
      ? `Release ${rollout.number} is on its way: ${running(rollout.processes)}.` : '';
    this.note.hidden = !rollout;
    const focused = document.activeElement?.dataset?.release;
    this.list.replaceChildren(...kept.map((release) => this.line(release, { rollout, current })));
    if (focused) this.list.querySelector(`[data-release="${focused}"]`)?.focus();
  }

  line({ number, state, madeAtMs, from, fault }, { rollout, current }) {
    return html('li', { 'data-state': state },
      html('strong', {}, `Release ${number}`),
      html('span', { class: 'release-state' }, states[state]),
      html('span', { class: 'release-from' }, from, fault ? html('span', { class: 'release-fault' }, `: ${fault}`) : null),
      html('time', { datetime: new Date(madeAtMs).toISOString(), class: 'when' }, dateAndTime(madeAtMs)),
      this.way(number, { rollout, current }));
  }

  /// The button that leads there; of what is on its way the one that takes it back.
  way(number, { rollout, current }) {
    if (number === current || (rollout && rollout.number !== number)) return null;
    const button = rollout
      ? this.controls.button('Take it back', () => ({ name: 'rollback', body: current ? { release: current } : undefined }), {
        title: `Take release ${number} back?`,
        text: 'Only one whose deploy was cut short: a deploy that is at work ends first, or takes it back by itself.',
        action: 'Take it back',
      })
      : this.controls.button('Run it', () => ({ name: 'rollback', body: { release: number } }), {
        title: `Have the app run release ${number}?`,
        text: 'Instance by instance, each judged as in a deploy. Migrations that have been applied stay.',
        action: `Run release ${number}`,
      });
    button.dataset.release = number;
    button.setAttribute('aria-label', `${button.textContent}: release ${number}`);
    return button;
  }
}

function running(processes) {
  if (processes.length === 0) return 'no process runs it yet';
  return processes.length > 3 ? `${processes.length} processes run it` : `${processes.join(', ')} ${processes.length === 1 ? 'runs' : 'run'} it`;
}
