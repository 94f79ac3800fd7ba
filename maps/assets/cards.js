// Popups and the legend of the planner's map, built from text nodes.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const el = Q.el;
  const MOST = 4; // things of one popup

  // A label of the user's own begins with an equals sign.
  const label = (fact) => (fact.word.charAt(0) === '=' ? Q.user(fact.word.slice(1)) : Q.word('fact.' + fact.word));

  function outletName(side, row) {
    const outlets = Q.sheets[side].find((one) => one.key === 'outlets');
    return outlets ? Q.user(Q.titleOf(outlets, row) || Q.word('nameless')) : null;
  }

  function show(fact, value, side) {
    if (value === null || value === undefined || value === '') return null;
    if (fact.unit === 'outlet') return outletName(side, value);
    if (fact.words === 'type') return Q.typeName(value);
    if (fact.words) return Q.has(fact.words + '.' + value) ? Q.word(fact.words + '.' + value) : Q.user(value);
    if (typeof value !== 'number') return Q.user(value);
    const number = value.toLocaleString(Q.view.language === 'zh' ? 'zh-CN' : 'en-GB', { maximumFractionDigits: 2 });
    return fact.unit ? Q.word('unit.' + fact.unit, { number: number }) : number;
  }

  const general = (fact) => Object.prototype.hasOwnProperty.call(fact.values, '');

  function plainFacts(one, row) {
    return one.layer.facts.filter(general).map((fact) => {
      const value = show(fact, fact.values[''][row], one.side);
      return value === null ? null : [el('dt', {}, label(fact)), el('dd', {}, value)];
    });
  }

  // Facts by type as a table: a row a type, the chosen one marked.
  function typeFacts(one, row) {
    const facts = one.layer.facts.filter((fact) => !general(fact));
    if (!facts.length) return null;
    const kinds = ['circle'].concat(Q.data.types.map((kind) => kind.id));
    const value = (fact, kind) => {
      const column = Object.prototype.hasOwnProperty.call(fact.values, kind) ? fact.values[kind] : null;
      return column ? show(fact, column[row], one.side) : null;
    };
    const used = kinds.filter((kind) => facts.some((fact) => value(fact, kind) !== null));
    const columns = facts.filter((fact) => used.some((kind) => value(fact, kind) !== null));
    if (!used.length) return null;
    return el('table', {}, el('thead', {}, el('tr', {}, el('th', {}, Q.word('head.type')),
      columns.map((fact) => el('th', { class: 'qh-number' }, label(fact))))),
    el('tbody', {}, used.map((kind) => el('tr', { class: kind === Q.view.type ? 'qh-chosen' : '' },
      el('th', {}, Q.typeName(kind)), columns.map((fact) => el('td', { class: 'qh-number' }, value(fact, kind)))))));
  }

  function state(one, row) {
    const shading = Q.shading(one);
    if (!shading) return null;
    const letter = Q.letter(shading, row);
    const scale = one.layer.scales[shading.scale];
    if (letter === '-') return el('p', { class: 'qh-fine' }, Q.word('planner.unknown'));
    if (!scale.words || !scale.words[Q.index(letter)]) return null;
    return el('p', {}, el('i', { class: 'qh-chip', style: 'background:' + scale.colours[Q.index(letter)] }), wordOf(scale.words[Q.index(letter)]));
  }

  function card(one, row) {
    const title = Q.titleOf(one, row);
    return el('div', { class: 'qh-popup' }, el('p', { class: 'qh-kicker' }, Q.layerTitle(one.layer)),
      title && el('h3', {}, Q.user(title)), state(one, row), el('dl', { class: 'qh-pairs' }, plainFacts(one, row)), typeFacts(one, row));
  }

  Q.card = function (found) {
    const rest = found.rows.length - MOST;
    return el('div', { class: 'qh-cards' }, found.rows.slice(0, MOST).map((row) => card(found.sheet, row)),
      rest > 0 && el('p', { class: 'qh-fine' }, Q.word('planner.rest', { number: Q.count(rest) })));
  };

  // A kind of the user's own begins with an equals sign.
  const wordOf = (word) => (word.charAt(0) === '=' ? word.slice(1) : Q.word(word));

  const digits = (edge) => (edge === null ? '' : Q.view.language === 'zh'
    ? edge.toLocaleString('zh-CN', { maximumFractionDigits: 4 }) : edge.toLocaleString('en-GB', { maximumFractionDigits: 4 }));

  function classRows(scale, percent, alpha) {
    const times = percent ? 100 : 1;
    const show = (edge) => (edge === null ? '' : digits(Math.round(edge * times * 1e4) / 1e4));
    return scale.colours.map((colour, row) => {
      const low = scale.edges[row];
      const high = scale.edges[row + 1];
      const words = high === null ? '≥ ' + show(low) : low === high ? show(low) : show(low) + ' – ' + show(high);
      return el('li', {}, el('i', { style: 'background:' + colour + ';opacity:' + alpha }), words);
    });
  }

  function kindRows(one, scale, rows) {
    const used = new Set(rows.length === 1 ? [rows] : rows);
    return scale.words.map((word, at) => (word && used.has(String(at))
      ? el('li', {}, el('i', { class: one.layer.shape === 'dot' ? 'qh-round' : one.layer.shape === 'square' || one.layer.shape === 'pin' ? 'qh-block-sign' : '', style: 'background:' + scale.colours[at] + ';opacity:' + Q.alpha(one) }), wordOf(word)) : null));
  }

  function block(one) {
    const shading = Q.shading(one);
    const title = el('h3', {}, one.layer.custom ? Q.user(one.layer.custom) : Q.layerTitle(one.layer));
    if (Q.needsType(one)) return el('div', { class: 'qh-block' }, title, el('p', { class: 'qh-fine' }, Q.word('planner.choose_type')));
    if (!shading) return el('div', { class: 'qh-block' }, title, el('p', { class: 'qh-fine' }, Q.word('planner.not_for_type')));
    const scale = one.layer.scales[shading.scale];
    const classes = Boolean(scale.edges);
    const percent = one.layer.unit === 'share_known' || one.layer.unit === 'satisfied' || one.layer.unit === 'breakfast_share' || one.layer.unit === 'share_used';
    const unit = one.layer.unit && Q.word('legend_unit.' + one.layer.unit);
    return el('div', { class: 'qh-block' }, title, unit && el('p', { class: 'qh-fine' }, unit),
      el('ul', { class: 'qh-classes' + (!classes && scale.words.some((word) => word && wordOf(word).length > 15) ? ' qh-words' : '') }, classes ? classRows(scale, percent, Q.alpha(one)) : kindRows(one, scale, shading.rows),
        shading.rows.indexOf('-') >= 0 && el('li', {}, el('i', { class: 'qh-hatch' }), Q.word('planner.unknown'))),
      classes && el('p', { class: 'qh-fine qh-method' }, Q.word('method.' + scale.method)),
      one.layer.size && el('p', { class: 'qh-fine qh-method' }, Q.word('planner.dot_size')),
      one.merged && el('p', { class: 'qh-fine qh-method' }, Q.word('planner.merged')));
  }

  Q.drawKey = function () {
    const box = Q.byId('qh-key');
    const before = box.querySelector('details');
    const open = before ? before.open : root.innerWidth > 820;
    const shown = Q.sheets[0].filter((one) => Q.view.on[one.key] && one.layer.group !== 'ground').reverse();
    const pins = shown.some((one) => one.layer.shape === 'pin' && one.layer.since);
    Q.fill(box, el('details', { open: open }, el('summary', {}, Q.word('legend.title')), shown.map(block),
      pins && el('p', { class: 'qh-fine' }, Q.word('planner.hollow')),
      el('p', { class: 'qh-fine qh-credit' }, Q.data.made_on && Q.word('made', { date: Q.data.made_on }),
        Q.data.sources.map((source) => [' · ', Q.user(source)]), Q.data.tiles && [' · ', Q.user(Q.data.tiles.credit)])));
  };
})(window);
