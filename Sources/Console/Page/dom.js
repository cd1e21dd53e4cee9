// Makes elements. Text from data goes in as text, never as HTML, so that no name can become markup.

/// `attributes` that are null are left out. Not for `style`: the page's policy has no inline styles, see setProperty.
export function html(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/// One of the symbols of index.html; those that it doesn't have are drawn as a plain box.
export function icon(name) {
  const known = document.getElementById(`icon-${name}`) ? name : 'other';
  return svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: `#icon-${known}` }));
}

/// How a process is, as a shape, a color and a word.
export function badge(health) {
  return html('span', { class: 'badge', 'data-health': health }, health === 'noPower' ? 'no power' : health);
}

export function code(text) {
  return html('code', {}, text);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}
