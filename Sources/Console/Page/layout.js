// Where the parts of a topology go. Columns follow the links, from the users on the left; zones, and the servers in
// them, are boxes one below the other. Knows no stage: a topology of any shape has a layout. Pure: numbers in,
// numbers out.

const nodeHeight = 72;
const nodeWidths = { least: 116, most: 172 };
const columnGaps = { least: 66, most: 180 };
const rowGap = 16;
/// Between a box and what is in it: the top has room for the name.
const inset = { top: 28, side: 12, bottom: 12 };
const boxGap = 14;
/// Height of the lane above the picture in which a link passes over columns.
const lane = 24;
/// How far a link between two of one column that aren't neighbors swings out.
const swing = 34;

/// - Returns: `{width, height, nodeWidth, nodeHeight, nodes: Map(id → {x, y}), boxes: Map(key → {kind, x, y, width,
///   height}), links: [{path, label, at: {x, y}}]}`, or null when `width` is too small to be read.
export function layout(topology, width) {
  const columns = columnsOf(topology);
  const regions = nest(topology);
  const zoned = topology.nodes.filter((node) => node.zone).map((node) => columns.get(node.id));
  const span = zoned.length ? { first: Math.min(...zoned), last: Math.max(...zoned) } : null;
  const horizontal = spread(Math.max(...columns.values()) + 1, span, regions.length > 0, width);
  if (!horizontal) return null;

  const detours = topology.links.filter((link) => isDetour(link, columns));
  const plan = stack(topology, regions, columns, span, detours.length * lane);
  const nodes = place(topology, columns, plan.slots, horizontal);
  return {
    ...horizontal, nodeHeight, nodes, height: plan.height,
    boxes: frame(plan.boxes, horizontal, span),
    links: route(topology, columns, nodes, horizontal),
  };
}

// MARK: Columns

/// Each node one column after the last of those that call it. Stores of one kind copy from one another: they share a
/// column. What calls nobody and is called by nobody stands in the first column of its zone's neighbors.
function columnsOf({ nodes, links }) {
  const kinds = new Map(nodes.map((node) => [node.id, node.kind]));
  const columns = new Map(nodes.map((node) => [node.id, 0]));
  const onward = withoutCycles(nodes, links);
  const arePeers = ({ from, to }) => kinds.get(from) === kinds.get(to) && kinds.get(from) !== 'service';
  for (let round = 0; round < nodes.length; round += 1) {
    for (const link of onward) {
      const least = columns.get(link.from) + (arePeers(link) ? 0 : 1);
      columns.set(link.to, Math.max(columns.get(link.to), least));
      if (arePeers(link)) columns.set(link.from, columns.get(link.to));
    }
  }
  const isLinked = (node) => links.some((link) => link.from === node.id || link.to === node.id);
  const inZones = nodes.filter((node) => node.zone && isLinked(node)).map((node) => columns.get(node.id));
  for (const node of nodes) {
    if (node.zone && !isLinked(node) && inZones.length) columns.set(node.id, Math.min(...inZones));
  }
  const used = [...new Set(columns.values())].sort((a, b) => a - b);
  return new Map([...columns].map(([id, column]) => [id, used.indexOf(column)]));
}

/// The links without those that lead back to where they came from.
function withoutCycles(nodes, links) {
  const state = new Map();
  const kept = [];
  const visit = (id) => {
    state.set(id, 'open');
    for (const link of links.filter((link) => link.from === id && state.get(link.to) !== 'open')) {
      kept.push(link);
      if (!state.has(link.to)) visit(link.to);
    }
    state.set(id, 'closed');
  };
  for (const { id } of nodes) if (!state.has(id)) visit(id);
  return kept;
}

/// The widths that fit, or null.
function spread(count, span, hasBoxes, width) {
  const border = hasBoxes ? 3 * inset.side : 0;
  const left = span?.first === 0 ? border : 0;
  const right = span?.last === count - 1 ? border : 0;
  const room = width - left - right - 2;
  const nodeWidth = Math.min(nodeWidths.most, Math.floor((room - (count - 1) * columnGaps.least) / count));
  if (nodeWidth < nodeWidths.least) return null;
  const gap = count > 1 ? Math.min(columnGaps.most, (room - count * nodeWidth) / (count - 1)) : 0;
  const x = (column) => left + 1 + column * (nodeWidth + gap);
  return { nodeWidth, gap, x, width: x(count - 1) + nodeWidth + right + 1 };
}

// MARK: Rows

/// Regions with their zones, zones with their parts: a part is a server with its nodes, or what a zone has without one.
/// A region without zones has no box.
export function nest({ regions, servers, nodes }) {
  const parts = (zone) => {
    const inside = nodes.filter((node) => node.zone === zone);
    const onServers = servers.filter((server) => server.zone === zone)
      .map((server) => ({ server, nodes: inside.filter((node) => node.server === server.id) }));
    const loose = { server: null, nodes: inside.filter((node) => !node.server) };
    return [...onServers, loose].filter((part) => part.server || part.nodes.length);
  };
  return regions.filter((region) => region.zones.length).map((region) => ({
    region, zones: region.zones.map((zone) => ({ zone, parts: parts(zone) })),
  }));
}

/// Gives every group of nodes that share a column and a box its slot: `{nodes, column, top, height}`.
function stack(topology, regions, columns, span, top) {
  const slots = [];
  const boxes = [];
  let y = top;
  const box = (kind, key, extent, fill) => {
    const start = y;
    y += inset.top;
    fill();
    y += inset.bottom;
    boxes.push({ kind, key, y: start, height: y - start, ...extent });
  };
  regions.forEach(({ region, zones }, index) => {
    if (index) y += boxGap;
    box('region', `region ${region.code}`, {}, () => zones.forEach(({ zone, parts }, index) => {
      if (index) y += boxGap;
      box('zone', `zone ${zone}`, {}, () => { y = stackParts(parts, columns, y, slots, boxes); });
    }));
  });
  const outside = byColumn(topology.nodes.filter((node) => !node.zone), columns);
  const isWithin = (column) => span && column >= span.first && column <= span.last;
  const below = outside.filter(({ column }) => isWithin(column));
  if (below.length) {
    const height = heightOf(Math.max(...below.map(({ nodes }) => nodes.length)));
    slots.push(...below.map((group) => ({ ...group, top: y + boxGap, height })));
    y += boxGap + height;
  }
  const beside = outside.filter(({ column }) => !isWithin(column));
  const height = Math.max(y - top, ...beside.map(({ nodes }) => heightOf(nodes.length)));
  slots.push(...beside.map((group) => ({ ...group, top, height })));
  return { slots, boxes, height: top + height };
}

/// Parts that take up different columns stand side by side. Returns where they end.
function stackParts(parts, columns, top, slots, boxes) {
  let y = top;
  const rows = [];
  for (const part of parts) {
    const groups = byColumn(part.nodes, columns);
    const taken = groups.map(({ column }) => column);
    const extent = { first: Math.min(...taken), last: Math.max(...taken) };
    const isFree = (row) => row.every((other) => other.last < extent.first || other.first > extent.last);
    const row = rows.find(isFree) ?? rows[rows.push([]) - 1];
    row.push({ ...part, ...extent, groups });
  }
  rows.forEach((row, index) => {
    if (index) y += boxGap;
    const hasServer = row.some((part) => part.server);
    const height = heightOf(Math.max(1, ...row.flatMap((part) => part.groups.map(({ nodes }) => nodes.length))));
    const inner = y + (hasServer ? inset.top : 0);
    const end = inner + height + (hasServer ? inset.bottom : 0);
    for (const { server, groups, first, last } of row) {
      slots.push(...groups.map((group) => ({ ...group, top: inner, height })));
      if (server && groups.length) boxes.push({ kind: 'server', key: `server ${server.id}`, y, height: end - y, first, last });
    }
    y = end;
  });
  return rows.length ? y : y + nodeHeight;
}

function byColumn(nodes, columns) {
  const groups = new Map();
  for (const node of nodes) {
    const column = columns.get(node.id);
    groups.set(column, [...(groups.get(column) ?? []), node]);
  }
  return [...groups].map(([column, nodes]) => ({ column, nodes }));
}

function heightOf(count) {
  return count * nodeHeight + (count - 1) * rowGap;
}

// MARK: Places

/// Column after column, so that each node can stand beside those that call it.
function place({ links }, columns, slots, { x }) {
  const places = new Map();
  for (const { nodes, column, top, height } of slots.toSorted((a, b) => a.column - b.column)) {
    const pull = new Map(nodes.map(({ id }) => {
      const callers = links.filter((link) => link.to === id && places.has(link.from) && columns.get(link.from) < column);
      return [id, callers.length ? callers.reduce((sum, link) => sum + places.get(link.from).y, 0) / callers.length : 0];
    }));
    const start = top + (height - heightOf(nodes.length)) / 2;
    nodes.toSorted((a, b) => pull.get(a.id) - pull.get(b.id))
      .forEach(({ id }, row) => places.set(id, { x: x(column), y: start + row * (nodeHeight + rowGap) }));
  }
  return places;
}

/// Zones and regions are as wide as all columns that have a zone; a server is as wide as its own.
function frame(boxes, { x, nodeWidth }, span) {
  const depth = { server: 1, zone: 2, region: 3 };
  const all = span ?? { first: 0, last: 0 };
  return new Map(boxes.map(({ kind, key, y, height, first = all.first, last = all.last }) => {
    const border = depth[kind] * inset.side;
    const left = x(first) - border;
    return [key, { kind, x: left, y, width: x(last) + nodeWidth + border - left, height }];
  }));
}

// MARK: Links

function isDetour({ from, to }, columns) {
  const step = columns.get(to) - columns.get(from);
  return step > 1 || step < 0;
}

function route({ links }, columns, nodes, horizontal) {
  const port = portsOf(links, columns, nodes);
  const labels = [];
  let detours = 0;
  return links.map((link) => {
    const curve = columns.get(link.from) === columns.get(link.to)
      ? betweenPeers(link, columns, nodes, horizontal)
      : isDetour(link, columns)
        ? detour(port(link, 'from'), port(link, 'to'), detours++, horizontal)
        : across(port(link, 'from'), port(link, 'to'));
    const at = freePlace(curve.point, link.label, labels);
    if (at) labels.push({ ...at, label: link.label });
    return { path: curve.path, label: link.label, at };
  });

  function portsOf(links, columns, nodes) {
    const heights = new Map(links.map((link) => [link, { from: nodes.get(link.from).y, to: nodes.get(link.to).y }]));
    return (link, end) => {
      const other = end === 'from' ? 'to' : 'from';
      const rank = (one) => (isDetour(one, columns) ? -1 : heights.get(one)[other]);
      const side = links
        .filter((one) => one[end] === link[end] && columns.get(one.from) !== columns.get(one.to))
        .toSorted((a, b) => rank(a) - rank(b));
      const offset = (side.indexOf(link) - (side.length - 1) / 2) * Math.min(14, (nodeHeight - 16) / side.length);
      const { x, y } = nodes.get(link[end]);
      return { x: end === 'from' ? x + horizontal.nodeWidth : x, y: y + nodeHeight / 2 + offset };
    };
  }
}

/// To the next column.
function across(from, to) {
  const middle = (from.x + to.x) / 2;
  const end = to.x - 3;
  const point = (t) => ({
    x: bezier(from.x, middle, middle, end, t), y: bezier(from.y, from.y, to.y, to.y, t),
  });
  return { path: `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${end} ${to.y}`, point };
}

/// Over the columns between: in the gap after the source up to a lane of its own, and down before the target.
function detour(from, to, index, { gap }) {
  const y = index * lane + lane / 2;
  const [up, down] = [from.x + Math.min(gap / 3, 20 + 4 * index), to.x - Math.min(gap / 3, 20 + 4 * index)];
  const turn = up < down ? 8 : -8;
  const path = `M${from.x} ${from.y}H${up - 8}Q${up} ${from.y} ${up} ${from.y - 8}V${y + 8}Q${up} ${y} ${up + turn} ${y}`
    + `H${down - turn}Q${down} ${y} ${down} ${y + 8}V${to.y - 8}Q${down} ${to.y} ${down + 8} ${to.y}H${to.x - 3}`;
  return { path, point: (t) => ({ x: up + (down - up) * t, y }) };
}

/// Within a column: straight to the neighbor, else in a swing around those between.
function betweenPeers(link, columns, nodes, { nodeWidth }) {
  const [from, to] = [nodes.get(link.from), nodes.get(link.to)];
  const isBelow = to.y > from.y;
  const isBetween = ([id, { x, y }]) => x === from.x && y > Math.min(from.y, to.y) && y < Math.max(from.y, to.y)
    && id !== link.from && id !== link.to;
  if (![...nodes].some(isBetween)) {
    // Clear of the name of the box that it enters.
    const x = from.x + nodeWidth - 36;
    const [start, end] = isBelow ? [from.y + nodeHeight, to.y - 3] : [from.y, to.y + nodeHeight + 3];
    return { path: `M${x} ${start}V${end}`, point: (t) => ({ x, y: start + (end - start) * t }) };
  }
  const x = from.x + nodeWidth;
  const [start, end] = [from.y + nodeHeight / 2 + 14, to.y + nodeHeight / 2 - 14];
  const point = (t) => ({ x: bezier(x, x + swing, x + swing, x, t), y: bezier(start, start, end, end, t) });
  return { path: `M${x} ${start}C${x + swing} ${start} ${x + swing} ${end} ${x + 3} ${end}`, point };
}

function bezier(a, b, c, d, t) {
  const s = 1 - t;
  return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
}

/// Where on its link a label stands clear of the others; null when the same word stands there already.
function freePlace(point, label, others) {
  const hits = (at) => others.find((other) =>
    Math.abs(other.y - at.y) < 19 && Math.abs(other.x - at.x) < 3.4 * (other.label.length + label.length) + 14);
  const tries = [0.5, 0.36, 0.64, 0.25, 0.75].map(point);
  const at = tries.find((at) => !hits(at));
  if (at) return at;
  return hits(tries[0]).label === label ? null : tries[0];
}
