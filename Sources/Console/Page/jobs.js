// What is under way: the climb, and the jobs that were started here with what came of them.

import { html } from './dom.js';
import { duration, figure } from './format.js';

const byId = (id) => document.getElementById(id);

/// How far the app is on its way up, and the buttons that lead on.
export class ClimbPanel {
  constructor(controls) {
    const { root, title, detail, bar } = {
      root: byId('climb'), title: byId('climb-title'), detail: byId('climb-detail'), bar: byId('climb-bar'),
    };
    Object.assign(this, { root, title, detail, bar, stage: null });
    this.up = controls.button('Climb', () => ({ name: 'climb', body: { to: this.to } }));
    this.back = controls.button('Go back', () => ({ name: 'undo' }), {
      title: 'Go back to the stage before?', text: 'Each step that was done is undone, the last first. Nothing is lost.',
      action: 'Go back',
    });
    this.stop = controls.button('Stop', () => ({ name: 'stop', body: { lane: 'change' } }));
    byId('climb-buttons').append(this.up, this.back, this.stop);
  }

  show({ stage, stages, climb, jobs }) {
    const next = stages.find(({ number }) => number === stage.number + 1);
    const isOurs = jobs.some((job) => job.lane === 'change' && job.endedAtMs === null);
    this.to = climb?.to ?? next?.number;
    const canClimb = climb ? !climb.isRunning : next?.runsToday === true;
    this.up.hidden = !canClimb || isOurs;
    this.back.hidden = !climb || climb.isRunning || isOurs;
    this.stop.hidden = !isOurs;
    put(this.up, climb ? 'Go on' : `Climb to stage ${this.to}`);
    this.bar.hidden = !climb;
    if (climb) return this.showClimb(climb);
    put(this.title, next?.runsToday ? `Next: stage ${next.number}, ${next.name}` : `Stage ${stage.number}, ${stage.name}`);
    put(this.detail, next?.runsToday ? `For ${next.users} users. The app goes on answering meanwhile.`
      : 'The stages above do not run yet.');
  }

  showClimb({ from, to, done, count, title, fraction, remainingSeconds, isRunning }) {
    const share = count ? (done + (fraction ?? 0)) / count : 0;
    put(this.title, `${isRunning ? 'Climbing' : 'A climb was cut short:'} from stage ${from} to ${to}`);
    const rest = remainingSeconds === null ? '' : `, about ${duration(remainingSeconds * 1_000)} left`;
    put(this.detail, `${done} of ${count} steps done${rest}${title ? ` · ${title}` : ''}`);
    this.bar.firstElementChild.style.setProperty('--share', share);
    this.bar.setAttribute('aria-valuenow', Math.round(share * 100));
    this.bar.setAttribute('aria-valuetext', `${done} of ${count} steps done`);
  }
}

/// The jobs, newest first. One that has ended can be put away.
export class JobList {
  constructor(root, controls) {
    Object.assign(this, { root, controls, cards: new Map(), dismissed: new Set() });
  }

  show(jobs) {
    // Of an operation that went well the map and the timeline tell.
    const shown = jobs.filter(({ lane, hasSucceeded }) => lane !== 'operation' || !hasSucceeded)
      .filter(({ id, startedAtMs }) => !this.dismissed.has(`${id} ${startedAtMs}`)).toReversed();
    const keys = shown.map(({ id, startedAtMs }) => `${id} ${startedAtMs}`);
    for (const [key, card] of this.cards) {
      if (!keys.includes(key)) {
        card.element.remove();
        this.cards.delete(key);
      }
    }
    shown.forEach((job, index) => {
      const key = keys[index];
      if (!this.cards.has(key)) this.cards.set(key, this.card(job, key));
      const card = this.cards.get(key);
      if (this.root.children[index] !== card.element) this.root.insertBefore(card.element, this.root.children[index] ?? null);
      card.update(job);
    });
    this.root.hidden = shown.length === 0;
  }

  card(first, key) {
    const state = html('span', { class: 'job-state' });
    const line = html('p', { class: 'job-line' });
    const log = html('ol', { class: 'job-log' });
    const report = html('dl', { class: 'job-report' });
    const stop = this.controls.button('Stop', () => ({ name: 'stop', body: { lane: first.lane } }));
    const away = html('button', { type: 'button', 'aria-label': `Put away: ${first.title}` }, 'Put away');
    away.addEventListener('click', () => {
      this.dismissed.add(key);
      element.remove();
      this.cards.delete(key);
      this.root.hidden = this.root.children.length === 0;
    });
    const details = html('details', {}, html('summary', {}, 'What it said'), log);
    const element = html('li', { class: 'job panel' },
      html('div', { class: 'job-head' }, html('h3', {}, first.title), state, stop, away), line, report, details);
    let drawn = '';
    const update = (job) => {
      const isRunning = job.endedAtMs === null;
      const elapsed = duration((job.endedAtMs ?? Date.now()) - job.startedAtMs);
      element.dataset.outcome = isRunning ? 'running' : job.hasSucceeded ? 'good' : 'bad';
      put(state, isRunning ? `under way, ${elapsed}` : `${job.hasSucceeded ? 'done' : 'failed'} after ${elapsed}`);
      stop.hidden = !isRunning || job.lane === 'operation';
      away.hidden = isRunning;
      const text = JSON.stringify([job.lines, job.report]);
      if (text === drawn) return;
      drawn = text;
      put(line, job.lines.at(-1) ?? '');
      log.replaceChildren(...job.lines.map((said) => html('li', {}, said)));
      details.hidden = job.lines.length < 2;
      report.replaceChildren(...facts(job.report ?? {}));
    };
    return { element, update };
  }
}

/// The figures and words of a report that are not lists, each with its name as people write it.
function facts(report, prefix = '') {
  return Object.entries(report).flatMap(([name, value]) => {
    if (value !== null && typeof value === 'object') {
      return Array.isArray(value) || prefix ? [] : facts(value, `${words(name)}: `);
    }
    const text = typeof value === 'number' ? figure(value) : typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
    return text === null || text === '' ? [] : [html('div', {}, html('dt', {}, prefix + words(name)), html('dd', {}, text))];
  });
}

/// `p99Ms` as `p99 ms`.
function words(name) {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
