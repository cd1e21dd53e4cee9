// What people can do here: the forms for load, drills and scale, the buttons of zones and of climbs, and the question
// before what breaks something. Everything is off until the page may act.

import { html } from './dom.js';

const byId = (id) => document.getElementById(id);

export class Controls {
  /// - access: asks the server. - tell: shows a mistake to people; null takes it away.
  constructor(access, tell) {
    Object.assign(this, { access, tell, isOpen: false });
    byId('load-form').addEventListener('submit', (event) => this.submit(event, () => this.startLoad()));
    byId('drill-form').addEventListener('submit', (event) => this.submit(event, () => this.startDrill()));
    byId('scale-form').addEventListener('submit', (event) => this.submit(event, () => this.scale()));
    byId('scale-auto').addEventListener('click', () => this.scaleByLoad());
    byId('drill-kind').addEventListener('change', () => this.showDrill());
  }

  /// Whether the buttons work.
  open(isOpen) {
    this.isOpen = isOpen;
    document.body.classList.toggle('may-act', isOpen);
    for (const element of document.querySelectorAll('.acts')) element.disabled = !isOpen;
  }

  /// A button that does something when pressed, after a question where one is given.
  button(label, action, question = null) {
    const button = html('button', { type: 'button', class: 'acts' }, label);
    button.disabled = !this.isOpen;
    button.addEventListener('click', () => this.press(action, question));
    return button;
  }

  async press(action, question) {
    if (question && !(await confirmed(question))) return;
    const { name, body } = action();
    try {
      await this.access.act(name, body);
      this.tell(null);
    } catch (error) {
      this.tell(error.message);
    }
  }

  submit(event, start) {
    event.preventDefault();
    start();
  }

  // MARK: Power

  /// The button of a zone, for the map.
  powerButton = (zone) => {
    let current = zone;
    const cut = this.button('Cut power', () => ({ name: 'cut-power', body: { zone: zone.id } }), {
      title: `Cut the power of zone ${zone.letter}?`,
      text: 'Every process in it is gone at once, as in a power outage. The app has to go on from the other zones.',
      action: 'Cut the power',
    });
    const restore = this.button('Restore power', () => ({ name: 'restore-power', body: { zone: zone.id } }));
    cut.setAttribute('aria-label', `Cut the power of zone ${zone.letter}`);
    restore.setAttribute('aria-label', `Restore the power of zone ${zone.letter}`);
    const element = html('span', { class: 'power' }, cut, restore);
    const update = (fresh) => {
      const hadFocus = element.contains(document.activeElement);
      cut.hidden = fresh.isCut || !fresh.canCut;
      restore.hidden = !fresh.isCut;
      if (hadFocus && current.isCut !== fresh.isCut) (fresh.isCut ? restore : cut).focus();
      current = fresh;
    };
    return { element, update };
  };

  // MARK: Forms

  startLoad() {
    const body = { rate: Number(byId('load-rate').value), seconds: Number(byId('load-seconds').value) };
    return this.press(() => ({ name: 'load', body }), null);
  }

  startDrill() {
    const drill = this.chosenDrill;
    const target = byId('drill-target').value;
    const body = { kind: drill.kind, ...(drill.target !== 'nothing' && target ? { [drill.target]: target } : {}) };
    return this.press(() => ({ name: 'drill', body }), {
      title: `Hold the drill ${drill.kind}?`, text: `It breaks something on purpose: ${drill.summary}. Afterwards it is mended.`,
      action: 'Start the drill',
    });
  }

  scale() {
    const body = { service: byId('scale-service').value, count: Number(byId('scale-count').value) };
    return this.press(() => ({ name: 'scale', body }), null);
  }

  scaleByLoad() {
    const body = { service: byId('scale-service').value };
    return this.press(() => ({ name: 'scale-by-load', body }), null);
  }

  /// What can be chosen at this stage.
  show({ drills, stage, topology }) {
    this.topology = topology;
    this.drills = drills.filter(({ firstStage }) => firstStage <= stage.number);
    byId('drill-form').hidden = this.drills.length === 0;
    options(byId('drill-kind'), this.drills.map(({ kind }) => [kind, kind]));
    if (this.drills.length) this.showDrill();
    const scaled = topology.tiers.filter(({ scaling }) => scaling);
    byId('scale-form').hidden = scaled.length === 0;
    options(byId('scale-service'), scaled.map(({ title }) => [title, title]));
    const count = byId('scale-count');
    if (scaled.length && document.activeElement !== count) {
      const { scaling } = scaled.find(({ title }) => title === byId('scale-service').value) ?? scaled[0];
      // By hand there may be more than this machine gets by the load.
      count.max = scaling.mode === 'auto' ? '' : scaling.maximum;
      if (count.dataset.actual !== String(scaling.count)) count.value = scaling.count;
      count.dataset.actual = scaling.count;
    }
  }

  get chosenDrill() {
    return this.drills.find(({ kind }) => kind === byId('drill-kind').value) ?? this.drills[0];
  }

  showDrill() {
    const { target, summary } = this.chosenDrill;
    const hosts = [...new Set(this.topology.nodes.filter(({ zone, host }) => zone && host).map(({ host }) => host))];
    const targets = { zone: this.topology.zones.map(({ id }) => id), host: hosts, nothing: [] }[target];
    byId('drill-summary').textContent = `${summary[0].toUpperCase()}${summary.slice(1)}.`;
    byId('drill-target-label').hidden = targets.length === 0;
    byId('drill-target-name').textContent = target === 'zone' ? 'Zone' : 'Host';
    options(byId('drill-target'), [['', 'any'], ...targets.map((id) => [id, id])]);
  }
}

/// Replaces the choices of a list only when they differ, so that what is chosen stays.
function options(select, choices) {
  const key = JSON.stringify(choices);
  if (select.dataset.choices === key) return;
  const before = select.value;
  select.dataset.choices = key;
  select.replaceChildren(...choices.map(([value, text]) => html('option', { value }, text)));
  if (choices.some(([value]) => value === before)) select.value = before;
}

/// Asks before something is done. Escape and 'Cancel' leave it.
function confirmed({ title, text, action }) {
  const dialog = byId('question');
  byId('question-title').textContent = title;
  byId('question-text').textContent = text;
  byId('question-yes').textContent = action;
  dialog.returnValue = '';
  dialog.showModal();
  byId('question-no').focus();
  return new Promise((resolve) => {
    byId('question-yes').onclick = () => dialog.close('yes');
    byId('question-no').onclick = () => dialog.close('');
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
