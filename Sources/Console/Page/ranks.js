// Where the parts of a topology go: a row for each rank, from the users at the top, and columns for zones and what is in
// them. Knows no stage: a topology of any shape has a plan. Pure: values in, values out.

/// What calls stands above what it calls: each tier one rank below the last of those that call it.
/// - Returns: Map(tier id → rank), without gaps.
export function ranksOf({ tiers, links }) {
  const ranks = new Map(tiers.map(({ id }) => [id, 0]));
  const onward = withoutCycles(tiers, links);
  for (let round = 0; round < tiers.length; round += 1) {
    for (const { from, to } of onward) ranks.set(to, Math.max(ranks.get(to), ranks.get(from) + 1));
  }
  const used = [...new Set(ranks.values())].sort((a, b) => a - b);
  return new Map([...ranks].map(([id, rank]) => [id, used.indexOf(rank)]));
}

/// The links without those that lead back to where they came from.
function withoutCycles(tiers, links) {
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
  for (const { id } of tiers) if (!state.has(id)) visit(id);
  return kept;
}

/// The plan of a map.
/// - Returns: `{rankCount, lanes: [{rank, nodes}], first, last, regions: [{region, parts: [Part]}], columns: [count]}`.
///   A lane is a row of what lies in no region, or above all zones. `first` and `last` are the ranks that the regions take
///   up. A part is a column of a region: `{zone|null, server|null, cells: [{rank, nodes}]}`, a zone's servers that
///   several nodes share each by itself, its other nodes together; without a zone: what the region as a whole has. A count
///   is of the most nodes that a column has in one rank.
export function planOf(topology) {
  const ranks = ranksOf(topology);
  const rankOf = (node) => ranks.get(node.tier);
  const rankCount = Math.max(...ranks.values()) + 1;
  const zoned = topology.nodes.filter(({ zone }) => zone).map(rankOf);
  const first = zoned.length ? Math.min(...zoned) : rankCount;
  const isOutside = (node) => !node.region || (!node.zone && rankOf(node) < first);
  const regions = topology.regions
    .map((region) => ({ region, parts: partsOf(topology, region, rankOf, isOutside) }))
    .filter(({ parts }) => parts.length);
  const last = Math.max(first, ...topology.nodes.filter((node) => !isOutside(node)).map(rankOf));
  // What several regions share stands below them all.
  const lanes = cellsOf(topology.nodes.filter(isOutside), (node) => (rankOf(node) < first ? rankOf(node) : last + 1));
  return {
    regions, first, last, lanes, rankCount: Math.max(rankCount, ...lanes.map(({ rank }) => rank + 1)),
    columns: regions.flatMap(({ parts }) => parts.map(({ cells }) => Math.max(1, ...cells.map(({ nodes }) => nodes.length)))),
  };
}

function partsOf({ zones, nodes }, region, rankOf, isOutside) {
  const zoned = zones.filter((zone) => zone.region === region.code).flatMap((zone) => {
    const inside = nodes.filter((node) => node.zone === zone.id);
    const isShared = (node) => inside.filter(({ host }) => host === node.host).length > 1;
    const shared = [...new Set(inside.filter(isShared).map(({ host }) => host))];
    const loose = inside.filter((node) => !isShared(node));
    const parts = shared.map((host) => ({
      zone, server: host, cells: cellsOf(inside.filter((node) => node.host === host), rankOf),
    }));
    if (loose.length || !parts.length) parts.push({ zone, server: null, cells: cellsOf(loose, rankOf) });
    return parts;
  });
  const regional = nodes.filter((node) => node.region === region.code && !node.zone && !isOutside(node));
  return regional.length ? [...zoned, { zone: null, server: null, cells: cellsOf(regional, rankOf) }] : zoned;
}

function cellsOf(nodes, rankOf) {
  const ranks = [...new Set(nodes.map(rankOf))].sort((a, b) => a - b);
  return ranks.map((rank) => ({ rank, nodes: nodes.filter((node) => rankOf(node) === rank) }));
}

/// How many nodes each column has side by side where there is so much room, the others below; null where it is too
/// narrow for a picture.
export function spread({ columns, lanes }, room, nodeWidth) {
  if (lanes.some(({ nodes }) => nodes.length * nodeWidth > room)) return null;
  for (let most = Math.max(...columns, 1); most >= 1; most -= 1) {
    const counts = columns.map((count) => Math.min(count, most));
    if (counts.reduce((sum, count) => sum + count, 0) * nodeWidth <= room) return counts;
  }
  return null;
}
