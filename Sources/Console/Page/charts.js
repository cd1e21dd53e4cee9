// A chart of the last five minutes: lines in plain SVG, and the figures of now or of the second that is pointed at.

import { html, svg } from './dom.js';
import { figure, mark, timeOfDay } from './format.js';

const windowMs = 300_000;
/// Seconds that are further apart are not joined: nobody knows what was between.
const gapMs = 5_000;
const height = 104;
const margin = { left: 40, right: 6, top: 8, bottom: 20 };
const baseline = height - margin.bottom;

export class Chart {
  /// - series: `{key, label}` each: a member of a sample, and what it is called. The first is the one in large type.
  /// - unit: of all series. - leastTop: the top of the scale is never below this. - empty: said when there is no value.
  constructor(panel, { title, unit, series, leastTop, empty }) {
    Object.assign(this, { title, unit, series, leastTop, samples: [], pointed: null });
    this.buildHeading(panel, title);
    this.buildDrawing(panel, empty);
    new ResizeObserver(() => this.draw(this.samples)).observe(this.drawing);
  }

  /// - samples: oldest first; `t` in ms, and a value or null for each series.
  draw(samples) {
    this.samples = samples;
    const width = this.drawing.clientWidth;
    if (samples.length === 0 || width === 0) return;
    const end = samples.at(-1).t;
    const values = samples.flatMap((sample) => this.series.map(({ key }) => sample[key] ?? 0));
    this.top = roundAbove(Math.max(this.leastTop, ...values));
    this.x = (t) => margin.left + (1 - (end - t) / windowMs) * (width - margin.left - margin.right);
    this.y = (value) => baseline - (value / this.top) * (baseline - margin.top);
    this.drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.drawScale(width);
    for (const { key, line, area } of this.series) this.drawSeries(key, line, area);
    this.note.hidden = samples.some((sample) => this.series.some(({ key }) => sample[key] != null));
    this.showFigures();
  }

  drawSeries(key, line, area) {
    const runs = runsOf(this.samples, key).map((run) =>
      run.map((sample) => `${this.x(sample.t).toFixed(1)} ${this.y(sample[key]).toFixed(1)}`));
    line.setAttribute('d', runs.map((run) => `M${run.join('L')}`).join(''));
    const foot = (point) => `${point.split(' ')[0]} ${baseline}`;
    area?.setAttribute('d', runs.map((run) => `M${foot(run[0])}L${run.join('L')}L${foot(run.at(-1))}Z`).join(''));
  }

  drawScale(width) {
    const steps = [0, this.top / 2, this.top];
    this.scale.replaceChildren(
      ...steps.flatMap((step) => [
        svg('line', { x1: margin.left, x2: width - margin.right, y1: this.y(step), y2: this.y(step) }),
        svg('text', { x: margin.left - 8, y: this.y(step) + 4, 'text-anchor': 'end' }, mark(step)),
      ]),
      svg('text', { x: margin.left, y: height - 4 }, '5 minutes ago'),
      svg('text', { x: width - margin.right, y: height - 4, 'text-anchor': 'end' }, 'now'));
  }

  /// Of the second that is pointed at, else of the latest.
  showFigures() {
    const sample = this.pointed ?? this.samples.at(-1);
    for (const { key, value } of this.series) value.textContent = figure(sample[key]);
    this.when.textContent = this.pointed ? timeOfDay(sample.t) : '';
    this.cursor.toggleAttribute('hidden', !this.pointed);
    if (this.pointed) this.cursor.setAttribute('transform', `translate(${this.x(sample.t)} 0)`);
    this.drawing.setAttribute('aria-label', this.summary());
  }

  summary() {
    const parts = this.series.map(({ key, label }) => {
      const highest = Math.max(...this.samples.map((sample) => sample[key] ?? 0));
      return `${label}: ${figure(this.samples.at(-1)[key])} ${this.unit} now, at most ${figure(highest)}`;
    });
    return `${this.title} in the last five minutes. ${parts.join('; ')}.`;
  }

  buildHeading(panel, title) {
    this.when = html('span', { class: 'when' });
    const figures = this.series.map((series) => {
      series.value = html('span', { class: 'value' }, '–');
      return html('span', { class: 'figure', 'data-series': series.key },
        html('span', { class: 'label' }, series.label), series.value, html('span', { class: 'unit' }, this.unit));
    });
    panel.append(
      html('header', { class: 'panel-head' }, html('h2', {}, title), this.when),
      html('p', { class: 'figures' }, ...figures));
  }

  buildDrawing(panel, empty) {
    this.scale = svg('g', { class: 'scale' });
    this.cursor = svg('line', { class: 'cursor', y1: margin.top, y2: baseline, hidden: '' });
    this.drawing = svg('svg', { class: 'drawing', role: 'img', height }, this.scale);
    for (const series of this.series) {
      series.area = this.series.length === 1 ? svg('path', { class: 'area', 'data-series': series.key }) : null;
      series.line = svg('path', { class: 'line', 'data-series': series.key });
      this.drawing.append(...[series.area, series.line].filter(Boolean));
    }
    this.drawing.append(this.cursor);
    this.note = html('p', { class: 'note' }, html('span', {}, ...empty));
    panel.append(html('div', { class: 'plot' }, this.drawing, this.note));
    this.drawing.addEventListener('pointermove', (event) => this.point(event.offsetX));
    this.drawing.addEventListener('pointerleave', () => this.point(null));
  }

  point(x) {
    if (this.samples.length === 0 || !this.x) return;
    const distance = (sample) => Math.abs(this.x(sample.t) - x);
    this.pointed = x === null ? null : this.samples.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    this.showFigures();
  }
}

/// The stretches of samples that have a value, each without a gap.
function runsOf(samples, key) {
  const runs = [];
  let last = null;
  for (const sample of samples) {
    if (sample[key] == null) {
      last = null;
      continue;
    }
    if (!last || sample.t - last.t > gapMs) runs.push([]);
    runs.at(-1).push(sample);
    last = sample;
  }
  return runs;
}

/// The next of 1, 2, 5, 10, 20, 50…
function roundAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * power >= value) * power;
}
