// The links of a map as lines between nodes, and where their labels stand. Pure: boxes in, paths out.

const labelHeight = 18;
const mostLines = 8;
/// More tiers that copy would cover each other's lines: their roles say who copies from whom.
const mostCopiers = 3;

/// Which boxes each link joins.
/// - boxOf: the name of the box that a node stands in.
/// - Returns: `[{from, to, kind: 'call'|'read'|'copy', link, pairs: [[node, node]]}]` with names of boxes; `link` is null for copies
///   within a tier. What a box has within has no line.
export function linesOf(topology, boxOf) {
  const lines = new Map();
  for (const { from, to, kind, link } of linesOfNodes(topology)) {
    const ends = [boxOf(from), boxOf(to)];
    if (ends[0] === ends[1]) continue;
    const key = JSON.stringify([ends, kind, link?.from, link?.to]);
    if (!lines.has(key)) lines.set(key, { from: ends[0], to: ends[1], kind, link, pairs: [] });
    lines.get(key).pairs.push([from, to]);
  }
  return [...lines.values()];
}

function linesOfNodes({ tiers, nodes, links }) {
  const members = (tier) => nodes.filter((node) => node.tier === tier && node.role !== 'witness');
  const calls = links.flatMap((link) => {
    const [from, to] = [members(link.from), members(link.to)];
    const leaders = to.filter(isLeader);
    if (!leaders.length) return mesh(from, to).map(([a, b]) => ({ from: a, to: b, kind: 'call', link }));
    const reads = to.filter((node) => node.kind === 'database' && !isLeader(node) && node.zone);
    return [
      ...from.flatMap((a) => leaders.map((b) => ({ from: a, to: b, kind: 'call', link }))),
      ...from.flatMap((a) => reads.filter((b) => b.zone === a.zone).map((b) => ({ from: a, to: b, kind: 'read', link }))),
    ];
  });
  const copiers = tiers.filter(({ replication }) => replication);
  const copies = (copiers.length > mostCopiers ? [] : copiers).flatMap(({ id }) => {
    const leader = members(id).find(isLeader);
    return leader ? members(id).filter((node) => node !== leader)
      .map((node) => ({ from: leader, to: node, kind: 'copy', link: null })) : [];
  });
  return [...calls, ...copies];
}

export function isLeader({ role }) {
  return role === 'leader' || role === 'master' || role === 'primary';
}

/// Each with each; where those are many, each with those of its zone.
function mesh(from, to) {
  const all = from.flatMap((a) => to.map((b) => [a, b]));
  const near = all.filter(([a, b]) => a.zone === b.zone || !a.zone || !b.zone);
  return all.length > mostLines && near.length ? near : all;
}

/// - boxes: Map(name of a box → {x, y, width, height}).
/// - Returns: `[{...line, path, at(t)}]`, `at` gives the point of a share of the way.
export function routes(lines, boxes) {
  const depths = new Map();
  const drawn = lines.filter(({ from, to }) => boxes.has(from) && boxes.has(to));
  return drawn.map((line) => {
    const [from, to] = [boxes.get(line.from), boxes.get(line.to)];
    if (line.kind !== 'copy') return { ...line, ...(bundled(line, drawn, boxes) ?? downward(from, to)) };
    // Copies of one tier swing at one depth, those of the next below them.
    const { tier } = line.pairs[0][0];
    if (!depths.has(tier)) depths.set(tier, 20 + 14 * depths.size);
    return { ...line, ...beneath(from, to, depths.get(tier)) };
  });
}

/// Where many lead to one box of another zone, those of a zone go together from where its boxes above that end; null where few do.
function bundled(line, lines, boxes) {
  const [[{ zone }, { zone: there }]] = line.pairs;
  const to = boxes.get(line.to);
  if (!zone || zone === there || lines.filter((other) => other.to === line.to).length <= mostLines) return null;
  const near = lines.filter((other) => other.pairs[0][0].zone === zone).map(({ from }) => boxes.get(from))
    .filter((box) => box.y + box.height < to.y);
  const middle = {
    x: (Math.min(...near.map(({ x }) => x)) + Math.max(...near.map(({ x, width }) => x + width))) / 2,
    y: Math.max(...near.map(({ y, height }) => y + height)) + 16,
  };
  if (middle.y > to.y - 16) return null;
  const first = curve(bottomOf(boxes.get(line.from)), middle);
  const second = curve(middle, topOf(to));
  return { path: first.path + second.path.slice(second.path.indexOf('C')), at: second.at };
}

function downward(from, to) {
  return to.y >= from.y ? curve(bottomOf(from), topOf(to))
    : curve({ ...bottomOf(from), y: from.y }, { ...topOf(to), y: to.y + to.height + 5 });
}

function bottomOf({ x, y, width, height }) {
  return { x: x + width / 2, y: y + height };
}

/// Where an arrow's head ends.
function topOf({ x, y, width }) {
  return { x: x + width / 2, y: y - 5 };
}

function curve({ x: x1, y: y1 }, { x: x2, y: y2 }) {
  const bend = (y2 - y1) / 2;
  const at = (t) => ({ x: bezier(x1, x1, x2, x2, t), y: bezier(y1, y1 + bend, y2 - bend, y2, t) });
  return { path: `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`, at };
}

function beneath(from, to, depth) {
  const side = to.x > from.x ? 1 : -1;
  const [x1, x2] = [from.x + from.width / 2 + side * 14, to.x + to.width / 2 - side * 14];
  const [y1, y2] = [from.y + from.height, to.y + to.height + 5];
  const y = Math.max(y1, y2) + depth;
  const r = 10;
  const path = `M${x1} ${y1}V${y - r}Q${x1} ${y} ${x1 + side * r} ${y}H${x2 - side * r}Q${x2} ${y} ${x2} ${y - r}V${y2}`;
  return { path, at: (t) => ({ x: x1 + (x2 - x1) * t, y }) };
}

function bezier(a, b, c, d, t) {
  const s = 1 - t;
  return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
}

/// One place for each text, clear of the boxes and of the other texts; a text without such a place is left out.
/// - wanted: `[{text, width, lines: [routed]}]`, the most important first, of each the line that it stands best at.
/// - Returns: `[{text, width, x, y}]`.
export function labels(wanted, boxes) {
  const taken = boxes.map((box) => grown(box, 2));
  return wanted.flatMap(({ text, width, lines }) => {
    const tries = lines.flatMap(({ at }) => [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74].map(at));
    const rect = ({ x, y }) => ({ x: x - width / 2, y: y - labelHeight / 2, width, height: labelHeight });
    const place = tries.find((point) => !taken.some((other) => overlap(rect(point), other)));
    if (!place) return [];
    taken.push(grown(rect(place), 3));
    return [{ text, width, ...place }];
  });
}

function grown({ x, y, width, height }, by) {
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by };
}

function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
