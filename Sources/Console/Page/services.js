// How many instances the services have that scale, who says so, and how busy they are: a line for each, below the map.

import { html } from './dom.js';
import { figure, percent } from './format.js';

/// - root: the list. - topology: of a Snapshot.
export function showServices(root, { tiers }) {
  const scaled = tiers.filter(({ scaling }) => scaling);
  root.hidden = scaled.length === 0;
  root.replaceChildren(...scaled.map(({ title, scaling }) => line(title, scaling)));
}

function line(title, { mode, count, minimum, maximum, targetPercent, utilisation, idleShare, requestsPerCoreAtTarget }) {
  const bar = html('span', { class: 'meter', 'aria-hidden': 'true' }, html('span', {}));
  bar.firstElementChild.style.setProperty('--share', utilisation ?? 0);
  const rate = requestsPerCoreAtTarget === null ? null
    : html('span', { class: 'when' }, `${figure(requestsPerCoreAtTarget)} requests/s a core at the target`);
  return html('li', {},
    html('strong', {}, title),
    html('span', {}, mode === 'auto' ? `${count} of ${minimum} to ${maximum}, by its load` : `${count}, by hand`),
    bar,
    html('span', {}, utilisation === null ? 'not known yet'
      : `${percent(utilisation)} busy of ${targetPercent} %, ${percent(idleShare)} idle`),
    rate);
}
