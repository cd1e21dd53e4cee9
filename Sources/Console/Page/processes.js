// Every process of the lab, a line each.

import { badge, html } from './dom.js';
import { bytes } from './format.js';

/// - root: the body of the table. - processes: of a Snapshot.
export function showProcesses(root, processes) {
  const none = html('tr', {}, html('td', { colspan: 7 }, 'None is running.'));
  root.replaceChildren(...(processes.length ? processes.map(row) : [none]));
}

function row({ name, address, role, pid, health, lagBytes, restarts, lastEnd }) {
  const lag = lagBytes === null ? null : `${bytes(lagBytes)} behind`;
  return html('tr', {},
    html('th', { scope: 'row' }, name),
    html('td', {}, badge(health)),
    html('td', { class: 'role-cell' }, [role?.replaceAll('_', ' '), lag].filter(Boolean).join(', ')),
    html('td', { class: 'address-cell' }, address),
    html('td', { class: 'number' }, pid === null ? '–' : String(pid)),
    html('td', { class: 'number', 'data-some': restarts > 0 ? '' : null }, String(restarts)),
    html('td', { class: 'last-end' }, lastEnd));
}
