// Draws a topology. Its parts are one nested list (region, zone, server, tier), which a screen reader reads and a narrow
// window shows as it is; where there is room the same elements stand in a picture, with the links as arrows.

import { badge, html, icon, svg } from './dom.js';
import { layout, nest } from './layout.js';

const titleOf = { region: 'Region', zone: 'Zone' };

export class TopologyView {
  /// - root: in a room of its own, whose width decides. - panel: takes the whole width of the page where that helps.
  constructor(root, panel) {
    Object.assign(this, { root, panel });
    this.arrows = svg('svg', { class: 'arrows', 'aria-hidden': 'true' });
    this.list = html('ul', { class: 'parts' });
    root.append(this.arrows, this.list);
    new ResizeObserver(() => this.arrange()).observe(root.parentElement);
  }

  draw(topology) {
    this.topology = topology;
    this.items = new Map();
    this.labels = new Map();
    const outside = topology.nodes.filter((node) => !node.zone).map((node) => this.item(node));
    const regions = nest(topology).map(({ region, zones }) =>
      this.group(`region ${region.code}`, 'region', region.name, zones.map((zone) => this.zone(zone))));
    this.list.replaceChildren(...outside, ...regions);
    this.arrange();
  }

  zone({ zone, parts }) {
    const inside = parts.flatMap(({ server, nodes }) => {
      const items = nodes.map((node) => this.item(node));
      return server ? [this.group(`server ${server.id}`, 'server', server.title, items)] : items;
    });
    return this.group(`zone ${zone}`, 'zone', zone, inside);
  }

  group(key, kind, name, items) {
    const label = html('span', { class: 'group-name' }, kind === 'server' ? name : `${titleOf[kind]} · ${name}`);
    this.labels.set(key, label);
    return html('li', { class: 'group', 'data-kind': kind }, label, html('ul', {}, ...items));
  }

  item(node) {
    const titles = new Map(this.topology.nodes.map(({ id, title }) => [id, title]));
    const calls = this.topology.links.filter((link) => link.from === node.id)
      .map((link) => html('li', {}, `${titles.get(link.to)} (${link.label})`));
    const item = html('li', { class: 'node', 'data-kind': node.kind, 'data-health': node.health },
      icon(node.kind),
      html('div', { class: 'node-text' },
        html('span', { class: 'node-title', title: node.title }, node.title),
        html('span', { class: 'node-subtitle', title: node.subtitle }, node.subtitle),
        node.health ? badge(node.health) : null),
      calls.length ? html('ul', { class: 'calls', 'aria-label': 'calls' }, ...calls) : null);
    this.items.set(node.id, item);
    return item;
  }

  /// As a picture where it fits, in the whole width of the page if need be; else as the list.
  arrange() {
    if (!this.topology) return;
    const fit = (isBroad) => {
      this.panel.classList.toggle('is-broad', isBroad);
      return layout(this.topology, this.root.parentElement.clientWidth);
    };
    const picture = fit(false) ?? fit(true);
    if (!picture) this.panel.classList.remove('is-broad');
    this.root.classList.toggle('is-picture', picture !== null);
    const size = picture ? [`${picture.width}px`, `${picture.height}px`] : ['', ''];
    [this.root.style.width, this.root.style.height] = size;
    if (!picture) return;
    for (const [id, { x, y }] of picture.nodes) {
      put(this.items.get(id), x, y, picture.nodeWidth, picture.nodeHeight);
    }
    for (const [key, label] of this.labels) {
      const box = picture.boxes.get(key);
      label.hidden = !box;
      if (box) put(label, box.x + 12, box.y + 6, box.width - 24, 18);
    }
    this.drawArrows(picture);
  }

  drawArrows({ width, height, boxes, links }) {
    this.arrows.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const depth = ['region', 'zone', 'server'];
    const outermostFirst = [...boxes.values()].toSorted((a, b) => depth.indexOf(a.kind) - depth.indexOf(b.kind));
    this.arrows.replaceChildren(
      svg('defs', {}, svg('marker',
        { id: 'arrowhead', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
        svg('path', { d: 'M0 0.5L8 4L0 7.5Z' }))),
      ...outermostFirst.map(({ kind, x, y, width, height }) =>
        svg('rect', { class: 'box', 'data-kind': kind, x, y, width, height, rx: 10 })),
      ...links.map(({ path }) => svg('path', { class: 'link', d: path, 'marker-end': 'url(#arrowhead)' })),
      ...links.filter(({ at }) => at).map(({ at, label }) => pill(at, label)));
  }
}

function pill({ x, y }, label) {
  const width = label.length * 6.2 + 12;
  return svg('g', { class: 'link-label', transform: `translate(${x} ${y})` },
    svg('rect', { x: -width / 2, y: -8.5, width, height: 17, rx: 8.5 }),
    svg('text', { y: 3.5, 'text-anchor': 'middle' }, label));
}

/// Custom properties, so that the list's own layout is untouched when there is no picture.
function put(element, x, y, width, height) {
  const values = { x, y, width, height };
  for (const [name, value] of Object.entries(values)) element.style.setProperty(`--${name}`, `${value}px`);
}
