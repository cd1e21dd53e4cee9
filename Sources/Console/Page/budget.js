// How many requests may still fail, and how fast the budget goes.

import { html } from './dom.js';
import { count, percent, rate, share } from './format.js';

/// - root: the panel. - budget: of a Snapshot.
export function showBudget(root, { target, days, requests, failed, allowed, usedShare, alarms }) {
  const level = usedShare > 1 ? 'full' : usedShare >= 0.8 ? 'nearly-full' : 'fine';
  root.dataset.level = level;
  const part = (name) => root.querySelector(`#budget-${name}`);
  const used = `${percent(usedShare)} used`;
  part('left').textContent = usedShare > 1 ? 'overspent' : percent(1 - usedShare);
  part('unit').textContent = usedShare > 1 ? '' : 'left';
  part('meter').setAttribute('aria-valuenow', Math.min(100, Math.floor(usedShare * 100)));
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

/// What a notice says while one of them fires; null when none does.
export function budgetAlarm({ alarms }) {
  const firing = alarms.find(({ fires }) => fires);
  return firing ? ['alarm', 'Requests fail too often. ',
    `${rate(firing.shortRate)} times as often as they may in ${time(firing.shortSeconds)}, ${rate(firing.longRate)} times in `
      + `${time(firing.longSeconds)}.`] : null;
}

function time(seconds) {
  return seconds < 3_600 ? `${seconds / 60} min` : `${seconds / 3_600} h`;
}
