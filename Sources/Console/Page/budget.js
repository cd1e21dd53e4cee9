// How many requests may still fail, and how fast the budget goes.

import { html } from './dom.js';
import { count, rate, share } from './format.js';

/// - root: the panel. - budget: of a Snapshot.
export function showBudget(root, { target, days, requests, failed, allowed, usedShare, alarms }) {
  const level = usedShare > 1 ? 'full' : usedShare >= 0.8 ? 'nearly-full' : 'fine';
  root.dataset.level = level;
  const part = (name) => root.querySelector(`#budget-${name}`);
  // Rounded up, as `heights status` does.
  const usedPercent = Math.ceil(usedShare * 100);
  const used = `${count(usedPercent)} % used`;
  part('left').textContent = usedShare > 1 ? 'overspent' : `${100 - usedPercent} %`;
  part('unit').textContent = usedShare > 1 ? '' : 'left';
  part('meter').setAttribute('aria-valuenow', Math.min(100, usedPercent));
  part('meter').setAttribute('aria-valuetext', used);
  part('meter').firstElementChild.style.setProperty('--share', Math.min(1, usedShare));
  part('detail').textContent = requests === 0
    ? `${share(target)} of the requests in ${days} days are to succeed; none has come yet.`
    : `${share(target)} of the requests in ${days} days are to succeed. ${count(failed)} of ${count(requests)} failed; `
      + `${rate(allowed)} may.`;
  part('alarms').replaceChildren(...alarms.map(({ rate: limit, longSeconds, shortSeconds, longRate, shortRate, fires }) => html('div', {},
    html('dt', {}, time(longSeconds)),
    html('dd', { 'data-some': fires ? '' : null },
      `${rate(longRate)}, and ${rate(shortRate)} in ${time(shortSeconds)}; ${fires ? 'above' : 'alarm above'} ${rate(limit)}`))));
}

/// The name of the first alarm that fires; null when none does.
export function firingAlarm({ alarms }) {
  return alarms.find(({ fires }) => fires)?.name ?? null;
}

function time(seconds) {
  return seconds < 3_600 ? `${seconds / 60} min` : `${seconds / 3_600} h`;
}
