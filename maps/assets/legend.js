// The legend: what is shaded, with units and classes, each sign, the threshold and its standing.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const el = Q.el;

  Q.caption = function () {
    const key = Q.view.type === 'circle' ? 'legend.circle' : 'legend.type';
    return Q.word(key, { type: Q.typeName(Q.view.type), threshold: Q.threshold(Q.view.type), types: Q.basicTypes().length });
  };

  Q.whenWord = () => (Q.view.when === 'today' || Q.view.when === 'after' ? Q.word(Q.view.when) : Q.word('by_end', { year: Q.view.when }));

  function scale() {
    const edges = ['0'].concat(Q.data.breaks.map((edge) => String(Math.round(edge * 100))), ['100%']);
    return el('div', { class: 'qh-scale', role: 'img', 'aria-label': edges.join(' – ') },
      el('div', { class: 'qh-scale-bar' }, Q.shades.map((colour) => el('i', { style: 'background:' + colour }))),
      el('div', { class: 'qh-scale-edges' }, edges.map((edge, row) =>
        el('span', { style: 'left:' + (row * 100 / (edges.length - 1)) + '%' }, edge))));
  }

  function dot(diameter, fill, line) {
    return el('i', { class: 'qh-dot', style: 'width:' + diameter + 'px;height:' + diameter + 'px;background:' + fill +
      (line ? ';border:1.5px solid ' + line : '') });
  }

  function row(sign, words) {
    return el('li', {}, el('span', { class: 'qh-sign' }, sign), el('span', {}, words));
  }

  // As the sites are drawn at this zoom: numbered, or too many for it.
  function siteSign() {
    return Q.crowded() === 'swarm' ? el('i', { class: 'qh-site qh-swarm qh-planned' }) : el('i', { class: 'qh-site qh-small' }, '1');
  }

  // Two round numbers of residents that show how large the dots are.
  function examples() {
    const most = Q.mostResidents || 0;
    if (most < 20) return [];
    const round = (number) => {
      const ten = Math.pow(10, Math.floor(Math.log10(number)));
      return Math.floor(number / ten) * ten;
    };
    return [round(most / 5), round(most)];
  }

  function signs() {
    const sizes = examples();
    const gap = sizes.length
      ? row(sizes.map((number) => dot(2 * Q.radius(number), Q.colours.gap)),
        Q.word('legend.gap_sized', { small: Q.count(sizes[0]), large: Q.count(sizes[1]) }))
      : row(dot(9, Q.colours.gap), Q.word('legend.gap'));
    return el('ul', { class: 'qh-signs' },
      Q.data.areas.id.length > 0 && row(el('i', { class: 'qh-hatch' }), Q.word('legend.area_unknown')),
      Q.data.points.name.length > 0 && [
        gap, row(dot(6, Q.colours.covered), Q.word('legend.covered')),
        row(dot(9, '#fff', Q.colours.unknown), Q.word('legend.unknown'))],
      row(el('i', { class: 'qh-square' }), Q.word('legend.outlet')),
      Q.data.places.length > 0 && row(siteSign(), Q.word('legend.site')));
  }

  function standing() {
    const unverified = Q.unverified(Q.view.type);
    const kind = Q.data.types[Q.column(Q.view.type)];
    return el('p', { class: 'qh-fine' },
      el('span', { class: unverified ? 'qh-warn' : 'qh-good' }, Q.word(unverified ? 'unverified' : 'verified')),
      kind && kind.source ? [' ', Q.user(kind.source)] : null);
  }

  Q.drawLegend = function () {
    const before = Q.byId('qh-legend').querySelector('details');
    // At first open, unless it would cover much of a small map.
    const width = Q.map.getContainer().clientWidth;
    const open = before ? before.open : width >= 700 || root.innerWidth <= 820;
    Q.fill(Q.byId('qh-legend'), el('details', { open: open },
      el('summary', {}, Q.word('legend.title')),
      Q.data.areas.id.length > 0 && [el('p', { class: 'qh-legend-what' }, Q.caption()), scale(),
        el('p', { class: 'qh-fine' }, Q.word('legend.unit'))],
      signs(), standing(),
      el('p', { class: 'qh-fine' }, Q.word('made', { date: Q.data.made_on }),
        Q.data.sources.length > 0 && [' · ', Q.user(Q.data.sources[0]), Q.data.sources.length > 1 && ' …'])));
  };
})(window);
