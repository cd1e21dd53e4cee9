// Where the parts of a topology go: a row for each rank, from the users at the top, and columns for zones and what is in
// them. Knows no stage: a topology of any shape has a plan. Pure: values in, values out.

/// Which tiers stand together, where each of several services has servers of its own: a service, and the balancer that leads to
/// it alone.
/// - Returns: Map(tier id → the id of its service's tier); empty where one service is all.
export function unitsOf({ tiers, links }) {
  const kinds = new Map(tiers.map(({ id, kind }) => [id, kind]));
  const pairs = tiers.filter(({ kind }) => kind === 'loadBalancer').flatMap(({ id }) => {
    const called = links.filter(({ from }) => from === id).map(({ to }) => to);
    return called.length === 1 && kinds.get(called[0]) === 'service' ? [[id, called[0]]] : [];
  });
  return new Map(pairs.length > 1 ? pairs.flatMap(([balancer, service]) => [[balancer, service], [service, service]]) : []);
}

/// What calls stands above what it calls: each tier one rank below the last of those that call it, those of a unit in one.
/// - Returns: Map(tier id → rank), without gaps.
export function ranksOf({ tiers, links }, units) {
  const unitOf = (id) => units.get(id) ?? id;
  const outside = links.map(({ from, to }) => ({ from: unitOf(from), to: unitOf(to) })).filter(({ from, to }) => from !== to);
  const ranks = ranksOfCallers({ tiers: tiers.filter(({ id }) => unitOf(id) === id), links: outside });
  return new Map(tiers.map(({ id }) => [id, ranks.get(unitOf(id))]));
}

function ranksOfCallers({ tiers, links }) {
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
/// - Returns: `{rankCount, lanes: [Cell], first, last, regions: [{region, parts: [Part]}], columns: [{count, isZoned}], units, isLayered}`.
///   A lane is a row of what lies in no region, or above all zones. `first` and `last` are the ranks that the regions take
///   up. A part is a column of a region: `{zone|null, server|null, cells: [Cell]}`, a zone's servers that
///   several nodes share each by itself, its other nodes together; without a zone: what the region as a whole has. A cell is
///   `{rank, boxes: [{unit|null, nodes}]}`: a node by itself, or those of a unit. A count is of the most boxes that a column has in
///   one rank. Layered is what has units.
export function planOf(topology) {
  const units = unitsOf(topology);
  const ranks = ranksOf(topology, units);
  const cellsOf = (nodes, rankOf) => cellsByRank(nodes, rankOf, units);
  const rankOf = (node) => ranks.get(node.tier);
  const rankCount = Math.max(...ranks.values()) + 1;
  const zoned = topology.nodes.filter(({ zone }) => zone).map(rankOf);
  const first = zoned.length ? Math.min(...zoned) : rankCount;
  const isOutside = (node) => !node.region || (!node.zone && rankOf(node) < first);
  const regions = topology.regions
    .map((region) => ({ region, parts: partsOf(topology, region, isOutside, (nodes) => cellsOf(nodes, rankOf)) }))
    .filter(({ parts }) => parts.length);
  const last = Math.max(first, ...topology.nodes.filter((node) => !isOutside(node)).map(rankOf));
  // What several regions share stands below them all.
  const lanes = cellsOf(topology.nodes.filter(isOutside), (node) => (rankOf(node) < first ? rankOf(node) : last + 1));
  return {
    regions, first, last, lanes, units, isLayered: units.size > 0, rankCount: Math.max(rankCount, ...lanes.map(({ rank }) => rank + 1)),
    columns: regions.flatMap(({ parts }) => parts.map(({ zone, cells }) => (
      { count: Math.max(1, ...cells.map(({ boxes }) => boxes.length)), isZoned: zone !== null }))),
  };
}

function partsOf({ zones, nodes }, region, isOutside, cellsOf) {
  const zoned = zones.filter((zone) => zone.region === region.code).flatMap((zone) => {
    const inside = nodes.filter((node) => node.zone === zone.id);
    const isShared = (node) => inside.filter(({ host }) => host === node.host).length > 1;
    const shared = [...new Set(inside.filter(isShared).map(({ host }) => host))];
    const loose = inside.filter((node) => !isShared(node));
    const parts = shared.map((host) => ({
      zone, server: host, cells: cellsOf(inside.filter((node) => node.host === host)),
    }));
    if (loose.length || !parts.length) parts.push({ zone, server: null, cells: cellsOf(loose) });
    return parts;
  });
  const regional = nodes.filter((node) => node.region === region.code && !node.zone && !isOutside(node));
  return regional.length ? [...zoned, { zone: null, server: null, cells: cellsOf(regional) }] : zoned;
}

function cellsByRank(nodes, rankOf, units) {
  const ranks = [...new Set(nodes.map(rankOf))].sort((a, b) => a - b);
  return ranks.map((rank) => ({ rank, boxes: boxesOf(nodes.filter((node) => rankOf(node) === rank), units) }));
}

function boxesOf(nodes, units) {
  const keys = [...new Set(nodes.map(({ id, tier }) => units.get(tier) ?? id))];
  return keys.map((key) => {
    const own = nodes.filter(({ id, tier }) => (units.get(tier) ?? id) === key);
    return { unit: units.get(own[0].tier) ?? null, nodes: own };
  });
}

/// How many boxes each column has side by side where there is so much room, the others below; null where it is too
/// narrow for a picture. What a region as a whole has makes room for zones first.
export function spread({ columns, lanes }, room, boxWidth) {
  if (lanes.some(({ boxes }) => boxes.length * boxWidth > room)) return null;
  for (let most = Math.max(...columns.map(({ count }) => count), 1); most >= 1; most -= 1) {
    for (const ofRegion of [most, 1]) {
      const counts = columns.map(({ count, isZoned }) => Math.min(count, isZoned ? most : ofRegion));
      if (counts.reduce((sum, count) => sum + count, 0) * boxWidth <= room) return counts;
    }
  }
  return null;
}
