// What is tried on some of the app beside what stays, step by step: a service that is led apart, or a release, with the numbers
// of both sides as they are judged, and what became of it. Live while it goes on, and the last one afterwards.

import { html } from './dom.js';
import { count, figure } from './format.js';

/// - root: the panel. - trials: of a Snapshot. - isClimbing, isDeploying: whether one is at work.
export function showTrials(root, { trials, isClimbing, isDeploying }) {
  root.hidden = trials.length === 0;
  if (root.hidden) return;
  const { release } = trials.at(-1);
  const isAtWork = release ? isDeploying : isClimbing;
  const part = (name) => root.querySelector(`#trials-${name}`);
  part('title').textContent = release ? `Canary: release ${release}` : 'Canary: services led apart';
  part('when').textContent = isAtWork ? 'under way' : 'the last one';
  part('steps').replaceChildren(...trials.toReversed().map((trial) => step(trial, isAtWork)));
}

function step({ service, release, share, new: fresh, staying, verdict, text }, isAtWork) {
  const what = release ? 'instances' : 'calls';
  const bar = html('span', { class: 'meter', 'aria-hidden': 'true' }, html('span', {}));
  bar.firstElementChild.style.setProperty('--share', share);
  const state = verdict === 'judging' && !isAtWork ? 'cutShort' : verdict;
  return html('li', { 'data-verdict': state },
    html('span', { class: 'trial-what' },
      html('strong', {}, service),
      html('span', {}, share === 1 ? `all ${what}` : `${Math.max(1, Math.round(share * 100))} % of the ${what}`)),
    bar,
    side(release ? `release ${release}` : 'moved', fresh),
    side(share === 1 ? 'before' : 'stays', staying),
    html('span', { class: 'trial-verdict' }, words[state]),
    text && state === 'takenBack' ? html('span', { class: 'trial-text' }, text) : null);
}

const words = { judging: 'looked at', wentOn: 'went on', takenBack: 'taken back', cutShort: 'cut short' };

function side(name, { requests, failed, p99Ms }) {
  return html('span', { class: 'trial-side' },
    html('span', { class: 'trial-name' }, `${name}: `),
    requests === 0 ? 'none yet' : `${count(requests)} ${requests === 1 ? 'request' : 'requests'}, `,
    requests === 0 ? null : html('span', { 'data-some': failed > 0 ? '' : null }, `${count(failed)} failed`),
    requests === 0 || p99Ms == null ? null : `, p99 ≤ ${figure(p99Ms)} ms`);
}
