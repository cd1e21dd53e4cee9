// Keeps the page up to date: takes the stream of the console's server and draws what has changed.
//
// GET /events sends `hello` once, {snapshot: Snapshot, history: [Sample]} (the last 300 s, oldest first), then
// `snapshot` once a second, a Snapshot. GET /snapshot answers with the latest. Times are ms since 1970.
//
// Snapshot {
//   stage      {number, name}
//   stages     [{number, name, users, runsToday}]                all seven, in order
//   app        {title, url}
//   topology   {regions [{code, name}], zones [{id, region, letter, isCut, canCut}],
//               tiers [{id, kind, title, replication|null, scaling|null (Scaling)}], nodes [Node],
//               links [{from, to, label, requestsPerSecond|null}]}     in a climb: of both stages
//   sample     Sample
//   climb      null | {from, to, done, count, title, fraction|null, remainingSeconds|null, isRunning}
//   jobs       [{id, lane, title, startedAtMs, endedAtMs|null, hasSucceeded|null, lines [string], report|null}]
//   drills     [{kind, summary, firstStage, target}]             target: 'zone' | 'host' | 'nothing'
//   trials     [Trial]                                           of what is tried now, or was last; the first step first
//   releases   null | {current?, rollout?: {number, processes [string]},
//               releases [{number, state, madeAtMs, from, fault?, isKept}]}      the newest first
//               state: 'running' | 'canary' | 'replaced' | 'bad' | 'unused'
//   budget     null | {target, days, requests, failed, allowed, usedShare, alarms [{name, rate, longSeconds, shortSeconds,
//               longRate, shortRate, fires}]}                    shares 0 to 1; rates: times as often as requests may fail
//   disk       {usedBytes, quotaBytes}
//   instance   {type, loops, cacheBytes}                         of the server, where the topology has one
//   processes  [{name, address|null, role|null, pid|null, health, lagBytes|null, restarts, lastEnd|null}]
//   dns        {name, address, server, port|null, note?}         without gdnsd no port, and a note that says so
//   operation  string|null                                       what is under way, such as `resize`
//   events     [{t, text}]                                       the last 200, oldest first
// }
// Node         {id, tier, kind, title, subtitle, host|null, zone|null, region|null, address|null, role|null,
//               lagBytes|null, health|null, requestsPerSecond|null, change|null ('comes' | 'goes')}
// Scaling      {mode ('auto' | 'hand'), count, minimum, maximum, targetPercent, utilisation|null, idleShare|null (0 to 1),
//               requestsPerCoreAtTarget|null}
// Trial        {service, release? (else a service that is led apart), share (above 0, up to 1), new (Side), staying (Side; of what
//               was before at a share of 1), verdict ('judging' | 'wentOn' | 'takenBack'), text?}
// Side         {requests, failed, p99Ms?}
// Sample       {t, requestsPerSecond, errorsPerSecond, writesPerSecond, p50Ms, p90Ms, p99Ms, lagBytes}
//              each null when not known
// health       'stopped' | 'starting' | 'ready' | 'stopping' | 'waiting' (ended by itself, will be started again) |
//              'noPower'
//
// POST /actions/NAME starts what a button is for; see access.js and the server's ConsoleActions.

import { Access } from './access.js';
import { Chart } from './charts.js';
import { Controls } from './controls.js';
import { firingAlarm, showBudget } from './budget.js';
import { code, html } from './dom.js';
import { bytes, percent, timeOfDay } from './format.js';
import { ClimbPanel, JobList } from './jobs.js';
import { MapView } from './map.js';
import { showProcesses } from './processes.js';
import { ReleasePanel } from './releases.js';
import { showServices } from './services.js';
import { Timeline } from './timeline.js';
import { Traces } from './traces.js';
import { showTrials } from './trials.js';

const historyMs = 300_000;
/// A snapshot comes each second; one that is this late will hardly come.
const silenceMs = 6_000;
const retryMs = 2_000;

const byId = (id) => document.getElementById(id);
const access = new Access((state) => showAccess(state));
const controls = new Controls(access, (mistake) => showNotice('mistake', ...(mistake ? ['alarm', 'Refused. ', mistake] : [null])));
const mapView = new MapView(byId('topology'), controls.powerButton);
const announce = (text) => { byId('announcer').textContent = text; };
const traces = new Traces(access, byId('traces'), byId('trace'), byId('no-traces'), announce);
const timeline = new Timeline(byId('events'), byId('no-events'), byId('events-filter'), announce);
const climbPanel = new ClimbPanel(controls);
const releasePanel = new ReleasePanel(byId('releases'), controls);
const jobList = new JobList(byId('jobs'), controls);
const charts = [
  new Chart(byId('requests'), {
    title: 'Requests', unit: 'per second', leastTop: 10,
    series: [{ key: 'requestsPerSecond', label: '' }], empty: ['No figures from the app.'],
  }),
  new Chart(byId('latency'), {
    title: 'Latency', unit: 'ms', leastTop: 1,
    series: [{ key: 'p99Ms', label: 'p99' }, { key: 'p90Ms', label: 'p90' }, { key: 'p50Ms', label: 'p50' }],
    empty: ['No requests in these five minutes. ', code('heights load'), ' makes some.'],
  }),
  new Chart(byId('errors'), {
    title: 'Errors', unit: 'per second, status 5xx', leastTop: 1,
    series: [{ key: 'errorsPerSecond', label: '' }], empty: ['No figures from the app.'],
  }),
  new Chart(byId('writes'), {
    title: 'Writes', unit: 'per second', leastTop: 10,
    series: [{ key: 'writesPerSecond', label: '' }], empty: ['No figures from the app.'],
  }),
  new Chart(byId('lag'), {
    title: 'Replication lag', unit: 'KiB', leastTop: 10,
    series: [{ key: 'lagKiB', label: '' }], empty: ['No follower tells how far it is behind.'],
  }),
];
let samples = [];
let heardAt = Date.now();
const drawn = new Map();

/// Draws only what has changed: selections, scroll positions and screen readers stay where they are.
function whenChanged(key, value, draw) {
  const text = JSON.stringify(value);
  if (drawn.get(key) === text) return;
  drawn.set(key, text);
  draw(value);
}

function show(snapshot) {
  const { stage, stages, app, topology, trials, releases, climb, budget, disk, instance, processes, dns, operation, events } = snapshot;
  const hasServer = topology.nodes.some(({ zone }) => zone);
  whenChanged('app', { app, stage, count: stages.length }, showApp);
  whenChanged('ladder', { stage, stages }, showLadder);
  climbPanel.show(snapshot);
  jobList.show(snapshot.jobs);
  mapView.draw(topology);
  controls.show(snapshot);
  whenChanged('summary', topology, showSummary);
  whenChanged('services', topology.tiers, (tiers) => showServices(byId('services'), { tiers }));
  whenChanged('trials', { trials, isClimbing: climb?.isRunning === true, isDeploying: Boolean(releases?.rollout) },
    (news) => showTrials(byId('trials'), news));
  whenChanged('releases', releases, () => releasePanel.show(releases));
  byId('budget').hidden = !budget;
  if (budget) whenChanged('budget', budget, () => showBudget(byId('budget'), budget));
  whenChanged('budget-alarm', budget && firingAlarm(budget), showBudgetNotice);
  whenChanged('disk', { disk, hasServer }, showDisk);
  whenChanged('instance', { instance, hasServer }, showInstance);
  whenChanged('dns', dns, showDNS);
  whenChanged('processes', processes, () => showProcesses(byId('processes'), processes));
  whenChanged('operation', operation, showOperation);
  whenChanged('copies', hasOneCopy(processes), showCopies);
  whenChanged('events', events, () => timeline.show(events));
}

// MARK: Charts

function addSample(sample) {
  if (samples.length && sample.t <= samples.at(-1).t) return;
  samples.push(forChart(sample));
  samples = samples.filter(({ t }) => t > sample.t - historyMs);
  byId('errors').classList.toggle('has-errors', samples.some(({ errorsPerSecond }) => errorsPerSecond > 0));
  byId('lag').hidden = samples.every(({ lagBytes }) => lagBytes === null);
  for (const chart of charts) chart.draw(samples);
}

function forChart(sample) {
  return { ...sample, lagKiB: sample.lagBytes === null ? null : sample.lagBytes / 1_024 };
}

// MARK: Head

function showApp({ app, stage, count }) {
  document.title = `${app.title}, stage ${stage.number} · Heights`;
  byId('app').textContent = app.title;
  byId('stage').textContent = `Stage ${stage.number} of ${count}: ${stage.name}`;
  byId('app-link').href = app.url;
  byId('app-link').textContent = app.url.replace(/^https?:\/\//, '');
}

function showLadder({ stage, stages }) {
  byId('ladder').replaceChildren(...stages.map(({ number, name, users, runsToday }, index) => {
    const state = stateOf(number, stage.number, runsToday);
    const step = html('li',
      { class: 'step', 'data-state': state.name, 'aria-current': state.name === 'current' ? 'step' : null },
      html('span', { class: 'step-number' }, String(number)),
      html('span', { class: 'step-name' }, name),
      html('span', { class: 'step-users' }, users),
      html('span', { class: 'step-state' }, state.text));
    step.style.setProperty('--fall', stages.length - 1 - index);
    return step;
  }));
}

function stateOf(number, current, runsToday) {
  if (number === current) return { name: 'current', text: 'You are here' };
  if (number < current) return { name: 'climbed', text: 'Climbed' };
  if (!runsToday) return { name: 'unbuilt', text: 'Does not run yet' };
  return { name: 'ahead', text: number === current + 1 ? 'Next' : 'Ahead' };
}

// MARK: Topology

function showSummary({ regions, zones, nodes }) {
  const hosts = new Set(nodes.filter(({ zone }) => zone).map(({ host }) => host));
  const parts = [[regions.length, 'region'], [zones.length, 'zone'], [hosts.size, 'host']];
  byId('topology-summary').textContent = parts
    .map(([number, name]) => `${number || 'no'} ${name}${number === 1 ? '' : 's'}`).join(', ');
}

// MARK: Resources

function showDisk({ disk: { usedBytes, quotaBytes }, hasServer }) {
  const share = quotaBytes > 0 ? usedBytes / quotaBytes : 0;
  const level = share >= 1 ? 'full' : share >= 0.8 ? 'nearly-full' : 'fine';
  byId('disk').dataset.level = level;
  byId('disk-used').textContent = bytes(usedBytes);
  byId('disk-quota').textContent = `of ${bytes(quotaBytes)}`;
  byId('disk-share').textContent = `${percent(share)} used`;
  const meter = byId('disk-meter');
  meter.setAttribute('aria-valuenow', Math.min(100, Math.floor(share * 100)));
  meter.setAttribute('aria-valuetext', `${percent(share)} used`);
  meter.firstElementChild.style.setProperty('--share', Math.min(1, share));
  whenChanged('disk-level', { level, quotaBytes, hasServer }, showDiskNotice);
}

function showDiskNotice({ level, quotaBytes, hasServer }) {
  const remedy = hasServer
    ? ['Enlarge it with ', code(`heights resize --disk ${Math.max(1, Math.ceil((2 * quotaBytes) / 2 ** 30))}GiB`), '.']
    : ['The next stage has a disk that can grow: ', code('heights climb'), '.'];
  const notices = {
    'full': ['alarm', 'The disk is full. ', 'Writes are refused (507), reads go on. ', ...remedy],
    'nearly-full': ['warning', 'The disk is nearly full. ', 'At 100 % writes are refused. ', ...remedy],
  };
  showNotice('disk', ...(notices[level] ?? [null]));
}

function showInstance({ instance, hasServer }) {
  byId('instance').replaceChildren(...(hasServer
    ? facts([
      ['Type', instance.type],
      ['Event loops', String(instance.loops)],
      ['Cache', bytes(instance.cacheBytes)],
    ])
    : facts([['Server', 'none at this stage']])));
}

function showDNS({ name, address, server, port, note }) {
  const ask = port === null
    ? ['Ask it', html('span', {}, `Nobody answers: ${note}. `, code('apt-get install gdnsd'))]
    : ['Ask it', code(`dig @${server} -p ${port} ${name}`)];
  byId('dns').replaceChildren(...facts([['Name', name], ['Address', address], ask]));
}

function facts(pairs) {
  return pairs.map(([term, value]) => html('div', {}, html('dt', {}, term), html('dd', {}, value)));
}

// MARK: Notices

function showOperation(operation) {
  showNotice('operation', ...(operation
    ? ['progress', `${operation} is under way. `, 'The timeline shows each step.'] : [null]));
}

/// Whether the database's leader acknowledges writes alone, for want of a follower in step.
function hasOneCopy(processes) {
  const roles = processes.filter(({ name }) => name.endsWith('.patroni')).map(({ role }) => role);
  return roles.includes('leader') && !roles.includes('sync_standby');
}

function showCopies(isOne) {
  showNotice('copies', ...(isOne
    ? ['warning', 'The database has one copy. ', 'No follower is in step: the next loss of a zone may lose what is written now.']
    : [null]));
}

function showBudgetNotice(name) {
  showNotice('budget', ...(name
    ? ['alarm', 'Requests fail too often. ', 'The error budget below tells how often, and for how long.'] : [null]));
}

function showAccess(state) {
  controls.open(state === 'open');
  traces.open(state === 'open');
  const advice = ['Open the address that ', code('heights up'), ' printed to use the buttons; ', code('heights status'), ' shows it too.'];
  byId('access').hidden = state === 'open';
  byId('read-only').hidden = state === 'open';
  byId('read-only').replaceChildren(...(state === 'stale'
    ? ['This page’s token is of an earlier run. ', ...advice] : ['You can look, not touch. ', ...advice]));
}

/// Shows a notice of that name, or takes it away when `kind` is null.
function showNotice(name, kind, title, ...text) {
  byId(`notice-${name}`)?.remove();
  if (!kind) return;
  const notice = html('p', { id: `notice-${name}`, class: 'notice', 'data-kind': kind },
    html('span', {}, html('strong', {}, title), ...text));
  byId('notices')[kind === 'alarm' ? 'prepend' : 'append'](notice);
}

function showConnection(state, detail) {
  byId('connection').dataset.state = state;
  byId('connection').textContent = { live: 'Live', lost: 'Not connected', silent: 'No news', connecting: 'Connecting' }[state];
  document.body.classList.toggle('is-old', state === 'lost' || state === 'silent');
  const notices = {
    lost: ['alarm', 'The lab has ended or can’t be reached. ',
      `What you see is from ${detail}. Start it with `, code('heights up'), '; this page connects again by itself.'],
    silent: ['alarm', 'The lab is silent. ', `What you see is from ${detail}.`],
  };
  whenChanged('connection', [state, detail], () => showNotice('connection', ...(notices[state] ?? [null])));
}

// MARK: Stream

function connect() {
  const stream = new EventSource('/events');
  const heard = (snapshot) => {
    heardAt = Date.now();
    showConnection('live');
    byId('updated').textContent = timeOfDay(snapshot.sample.t);
    show(snapshot);
  };
  stream.addEventListener('hello', ({ data }) => {
    const { snapshot, history } = JSON.parse(data);
    samples = history.slice(0, -1).map(forChart);
    access.check();
    heard(snapshot);
    addSample(snapshot.sample);
  });
  stream.addEventListener('snapshot', ({ data }) => {
    const snapshot = JSON.parse(data);
    heard(snapshot);
    addSample(snapshot.sample);
  });
  stream.addEventListener('error', () => {
    showConnection('lost', timeOfDay(heardAt));
    // A stream that was refused stays closed; one that broke connects again by itself.
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, retryMs);
  });
}

setInterval(() => {
  const isLate = Date.now() - heardAt > silenceMs;
  if (isLate && byId('connection').dataset.state === 'live') showConnection('silent', timeOfDay(heardAt));
}, 1_000);

access.take();
connect();
