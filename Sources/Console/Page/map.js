// Draws the map. Its parts are one nested list (region, zone, server, node), which a screen reader reads and a narrow
// window shows as it is; where there is room the same elements stand in a grid, with the links as lines between them.

import { badge, html, icon, svg } from './dom.js';
import { bytes, figure } from './format.js';
import { planOf, spread } from './ranks.js';
import { isLeader, labels, linesOf, routes } from './roads.js';

/// What a box needs to be read, its share of the boxes around it included; where it is one of many, it has less in a line.
const boxWidth = 164;
const layeredBoxWidth = 128;

export class MapView {
  /// - root: in a room whose width decides. - powerButton: makes the button of a zone, `update(zone)` keeps it right.
  constructor(root, powerButton) {
    Object.assign(this, { root, powerButton, shape: '' });
    this.roads = svg('svg', { class: 'roads', 'aria-hidden': 'true' });
    this.list = html('ul', { class: 'parts' });
    root.append(this.roads, this.list);
    new ResizeObserver(() => this.arrange()).observe(root);
  }

  /// Only what has changed is touched: the focus stays where it is.
  draw(topology) {
    this.topology = topology;
    const shape = JSON.stringify([
      topology.regions, topology.zones.map(({ id }) => id), topology.links.map(({ from, to }) => [from, to]),
      topology.nodes.map(({ id, title, subtitle, change }) => [id, title, subtitle, change])]);
    if (shape !== this.shape) this.build(topology);
    this.shape = shape;
    for (const node of topology.nodes) this.updateNode(node);
    for (const zone of topology.zones) this.updateZone(zone);
    this.arrange();
  }

  // MARK: Elements

  build(topology) {
    this.plan = planOf(topology);
    this.nodes = new Map();
    // By their names: what lines lead to.
    this.boxes = new Map();
    this.boxNames = new Map();
    this.zones = new Map();
    const { lanes, regions, first, last } = this.plan;
    const cells = lanes.map((lane) => this.cell(lane, { lane: '' }));
    const above = lanes.filter(({ rank }) => rank < first).length;
    let column = 0;
    const boxes = regions.map(({ region, parts }) => {
      const box = this.group('region', region.name, `region ${region.code}`, this.partsOf(parts, column));
      place(box, { columns: [column, column + parts.length], ranks: [first, last] });
      column += parts.length;
      return box;
    });
    this.list.replaceChildren(...cells.slice(0, above), ...boxes, ...cells.slice(above));
  }

  /// Zones with their parts, and what the region has without one.
  partsOf(parts, column) {
    const zones = [...new Set(parts.map(({ zone }) => zone))];
    return zones.map((zone) => {
      const own = parts.filter((part) => part.zone === zone);
      const from = column + parts.indexOf(own[0]);
      const inside = own.flatMap((part, index) => this.part(part, from + index));
      const name = zone ? `Zone ${zone.letter}` : 'Region-wide';
      const box = this.group(zone ? 'zone' : 'regional', name, zone ? `zone ${zone.id}` : '', inside);
      place(box, { columns: [from, from + own.length], ranks: [this.plan.first, this.plan.last] });
      if (zone) this.addPower(zone, box);
      return box;
    });
  }

  part({ server, cells }, column) {
    const inside = cells.map((cell) => this.cell(cell, { column }));
    if (!server) return inside;
    const box = this.group('server', server, `server ${server}`, inside);
    place(box, { columns: [column, column + 1], ranks: [cells[0].rank, cells.at(-1).rank] });
    return [box];
  }

  group(kind, name, key, items) {
    const head = html('div', { class: 'group-head' }, html('span', { class: 'group-name', title: key }, name));
    return html('li', { class: 'group', 'data-kind': kind }, head, html('ul', {}, ...items));
  }

  cell({ rank, boxes }, { column, lane }) {
    const nodes = boxes.flatMap((box) => box.nodes);
    const isFirst = (node) => nodes.find(({ tier }) => tier === node.tier) === node;
    const items = boxes.map((box) => this.box(box, isFirst));
    const cell = html('li', { class: 'cell', 'data-lane': lane, 'data-copies': this.copies(nodes) ? '' : null },
      html('ul', {}, ...items));
    place(cell, { columns: lane === '' ? null : [column, column + 1], ranks: [rank, rank] });
    return cell;
  }

  /// Whether lines of replication run beneath these.
  copies(nodes) {
    const replicated = this.topology.tiers.filter(({ replication }) => replication).map(({ id }) => id);
    return nodes.some(({ tier }) => replicated.includes(tier));
  }

  /// A node by itself, or a service with its balancer.
  box({ unit, nodes }, isFirst) {
    const name = unit ? `${unit} ${nodes[0].zone}` : nodes[0].id;
    for (const node of nodes) this.boxNames.set(node.id, name);
    const element = unit ? this.unit(unit, nodes) : this.node(nodes[0], isFirst(nodes[0]) ? this.calls(nodes[0].tier) : null);
    this.boxes.set(name, element);
    return element;
  }

  unit(unit, nodes) {
    const { title } = this.topology.tiers.find(({ id }) => id === unit);
    return html('li', { class: 'service', 'data-unit': unit },
      html('p', { class: 'service-title', title }, title),
      html('ul', {}, ...nodes.map((node) => this.node(node, null, { isInUnit: true }))),
      this.calls(unit));
  }

  /// What a tier calls, for those who read the list; null where it calls nothing.
  calls(id) {
    const titles = new Map(this.topology.tiers.map((tier) => [tier.id, tier.title]));
    const calls = this.topology.links.filter(({ from }) => from === id)
      .map(({ to, label }) => html('li', {}, `${titles.get(this.plan.units.get(to) ?? to)} (${label})`));
    return calls.length ? html('ul', { class: 'calls', 'aria-label': 'calls' }, ...calls) : null;
  }

  /// - calls: the first of its tier here has it.
  node(node, calls, { isInUnit = false } = {}) {
    const isAlone = node.host && this.topology.nodes.filter(({ host }) => host === node.host).length === 1;
    const subtitle = isInUnit || (isAlone && node.host !== node.id) ? node.host : node.subtitle;
    const state = html('div', { class: 'node-state' });
    const item = html('li', { class: 'node', 'data-id': node.id, 'data-kind': node.kind, 'data-change': node.change },
      icon(node.kind),
      html('div', { class: 'node-text' },
        // The service's name stands above all of it, and a picture tells servers from balancers.
        html('span', { class: isInUnit ? 'for-readers' : 'node-title', title: node.title }, node.title),
        html('span', { class: 'node-subtitle', title: subtitle }, subtitle)),
      state,
      calls);
    this.nodes.set(node.id, { item, state, shown: '' });
    return item;
  }

  addPower(zone, box) {
    const word = html('span', { class: 'power-word' });
    const button = this.powerButton(zone);
    box.querySelector('.group-head').append(word, button.element);
    this.zones.set(zone.id, { box, word, button });
  }

  // MARK: Updates

  updateNode(node) {
    const known = this.nodes.get(node.id);
    const { role, lagBytes, health, requestsPerSecond, change } = node;
    const parts = JSON.stringify([role, lagBytes, health, requestsPerSecond, change]);
    if (parts === known.shown) return;
    known.shown = parts;
    set(known.item, 'data-health', health);
    set(known.item, 'data-role', role);
    known.item.title = node.address ?? '';
    known.state.replaceChildren(...[
      health ? badge(health) : null,
      change ? html('span', { class: 'change' }, change === 'comes' ? 'is coming' : 'is going') : null,
      role ? html('span', { class: 'role', 'data-leads': isLeader(node) ? '' : null }, role.replaceAll('_', ' ')) : null,
      requestsPerSecond === null ? null : html('span', { class: 'fact' }, `${figure(requestsPerSecond)}/s`),
      lagBytes === null || isLeader(node) ? null : html('span', { class: 'fact' }, `${bytes(lagBytes)} behind`),
    ].filter(Boolean));
  }

  updateZone(zone) {
    const known = this.zones.get(zone.id);
    if (!known) return;
    set(known.box, 'data-cut', zone.isCut ? '' : null);
    const word = zone.isCut ? 'No power' : '';
    if (known.word.textContent !== word) known.word.textContent = word;
    known.button.update(zone);
  }

  // MARK: The picture

  /// As a grid where it fits; else as the list.
  arrange() {
    if (!this.topology) return;
    const { regions, rankCount, first, isLayered } = this.plan;
    const counts = spread(this.plan, this.root.clientWidth - 24 * regions.length, isLayered ? layeredBoxWidth : boxWidth);
    this.root.classList.toggle('is-picture', counts !== null);
    if (!counts) return;
    // One box needs a little more than its share of a zone.
    const columnLines = counts.map((count, index) => `[column-${index}] minmax(0, ${count === 1 ? 1.25 : count}fr)`).join(' ');
    const rankLines = Array.from({ length: rankCount }, (_, rank) => `[rank-${rank}] auto [under-${rank}]`);
    this.list.style.setProperty('--columns', `${columnLines || 'minmax(0, 1fr)'} [column-${counts.length}]`);
    // The names of a region and its zones stand in the first row within, which makes room for the roads too.
    const rows = rankLines.map((line, rank) => (rank === 0 ? line : `${rank === first ? '22px' : 'var(--road)'} ${line}`));
    this.list.style.setProperty('--ranks', rows.join(' '));
    this.drawRoads();
  }

  drawRoads() {
    const frame = this.root.getBoundingClientRect();
    const boxOf = (element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return { x: left - frame.left, y: top - frame.top, width, height };
    };
    const boxes = new Map([...this.boxes].map(([name, element]) => [name, boxOf(element)]));
    const lines = routes(linesOf(this.topology, ({ id }) => this.boxNames.get(id)), boxes);
    const key = JSON.stringify(lines.map((line) => [line.path, this.stateOf(line), line.link]));
    if (key === this.drawnRoads) return;
    this.drawnRoads = key;
    const heads = [...this.list.querySelectorAll('.group-name, .power')];
    this.roads.setAttribute('viewBox', `0 0 ${frame.width} ${frame.height}`);
    this.roads.replaceChildren(
      arrowhead('idle'), arrowhead('busy'),
      ...lines.map((line) => {
        const state = this.stateOf(line);
        return svg('path', {
          class: 'road', d: line.path, 'data-kind': line.kind, 'data-state': state,
          'marker-end': line.kind === 'copy' || !['idle', 'busy'].includes(state) ? null : `url(#arrow-${state})`,
        });
      }),
      ...labels(this.wantedLabels(lines), [...boxes.values(), ...heads.map(boxOf)]).map(pill));
  }

  /// The best of what it stands for: some of a box may be down.
  stateOf({ pairs, link }) {
    const states = pairs.map(([from, to]) => this.stateBetween(from, to, link));
    return ['busy', 'idle', 'coming', 'down'].find((state) => states.includes(state));
  }

  stateBetween(from, to, link) {
    const isUp = ({ health }) => [null, 'ready', 'stopping'].includes(health);
    if (!isUp(from) || !isUp(to)) return 'down';
    if ([from, to].some((node) => node.change === 'comes' && node.health === null)) return 'coming';
    return link?.requestsPerSecond > 0 ? 'busy' : 'idle';
  }

  /// What travels, and how much where that is known; what is known goes first, and beside a line that is up.
  wantedLabels(routed) {
    const { links, tiers } = this.topology;
    const lines = routed.toSorted((a, b) => (this.stateOf(a) === 'down') - (this.stateOf(b) === 'down'));
    const calls = links.map((link) => ({
      text: link.requestsPerSecond === null ? link.label : `${link.label} ${figure(link.requestsPerSecond)}/s`,
      lines: lines.filter((line) => line.link === link && line.kind === 'call'), isKnown: link.requestsPerSecond !== null,
    }));
    const copies = tiers.filter(({ replication }) => replication).map(({ id, replication }) => ({
      text: replication, lines: lines.filter((line) => line.kind === 'copy' && line.pairs[0][0].tier === id), isKnown: false,
    }));
    return [...calls, ...copies].filter(({ lines }) => lines.length)
      .toSorted((a, b) => b.isKnown - a.isKnown)
      .map((label) => ({ ...label, width: label.text.length * 6.1 + 14 }));
  }
}

function arrowhead(state) {
  return svg('marker', {
    id: `arrow-${state}`, class: 'arrowhead', 'data-state': state, viewBox: '0 0 8 8', refX: 4, refY: 4,
    markerWidth: 7, markerHeight: 7, orient: 'auto', markerUnits: 'userSpaceOnUse',
  }, svg('path', { d: 'M0 0.5L8 4L0 7.5Z' }));
}

function pill({ text, width, x, y }) {
  return svg('g', { class: 'road-label', transform: `translate(${x} ${y})` },
    svg('rect', { x: -width / 2, y: -9, width, height: 18, rx: 9 }),
    svg('text', { y: 4, 'text-anchor': 'middle' }, text));
}

/// Where an element stands in the grid, by names that grids within it know too. Custom properties, so that the list's own
/// layout is untouched by them.
function place(element, { columns, ranks }) {
  if (columns) element.style.setProperty('--column', `column-${columns[0]} / column-${columns[1]}`);
  if (ranks) element.style.setProperty('--rank', `rank-${ranks[0]} / under-${ranks[1]}`);
}

function set(element, name, value) {
  if (value == null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
