// The planner's controls: bar, search, layers by group, figures.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const el = Q.el;
  const FOUND = 12;

  const option = (value, words, chosen) => el('option', { value: value, selected: value === chosen }, words);
  Q.whenName = (when) => (Q.has(when) && (when === 'today' || when === 'after') ? Q.word(when) : when);

  Q.drawBar = function () {
    const view = Q.view;
    const other = view.language === 'zh' ? 'en' : 'zh';
    const kinds = Q.data.types.length ? ['circle'].concat(Q.data.types.map((kind) => kind.id)) : [];
    Q.fill(Q.byId('qh-bar'),
      el('div', { class: 'qh-name-of' }, el('h1', {}, Q.user(Q.data.title[view.language])),
        Q.data.label && el('p', { class: 'qh-label' }, Q.user(Q.data.label))),
      el('div', { class: 'qh-choices' },
        kinds.length > 1 && el('select', { id: 'qh-type', 'aria-label': Q.word('choose.type'), onchange: (event) => Q.set({ type: event.target.value }) },
          kinds.map((type) => option(type, Q.typeName(type) + (type === 'circle' ? '' : ' · ' + Q.threshold(type)), view.type))),
        Q.timeSwitch(),
        Q.levels().length > 1 && el('select', { id: 'qh-level', 'aria-label': Q.word('choose.level'), onchange: (event) => Q.set({ level: event.target.value }) },
          Q.levels().map((level) => option(level, Q.word('by_level', { level: Q.word('level.' + level) }), view.level))),
        el('button', { type: 'button', class: 'qh-tool', 'aria-pressed': String(Q.measuring()),
          onclick: () => { Q.measure(!Q.measuring()); Q.drawBar(); } }, Q.word('measure.title')),
        el('button', { class: 'qh-tool', type: 'button', lang: other, onclick: () => Q.set({ language: other }) }, other === 'en' ? 'English' : '中文')));
  };

  // Levels that any side has areas of, largest first.
  Q.levels = function () {
    const found = new Set();
    Q.sheets.forEach((side) => side.forEach((one) => (one.layer.levels || []).forEach((level) => found.add(level))));
    return ['district', 'street', 'community'].filter((level) => found.has(level));
  };

  function find(text) {
    const wanted = text.trim().toLowerCase();
    const found = [];
    if (!wanted) return found;
    Q.sheets.forEach((side, at) => side.forEach((one) => {
      if (!one.layer.searched) return;
      for (let row = 0; row < one.rows && found.length < 400; row++) {
        const names = [one.layer.zh[row], one.layer.en[row]].filter(Boolean);
        if (names.some((name) => name.toLowerCase().indexOf(wanted) >= 0)) found.push({ sheet: one, row: row, side: at });
      }
    }));
    const exact = (each) => (Q.titleOf(each.sheet, each.row).toLowerCase().indexOf(wanted) === 0 ? 0 : 1);
    return found.sort((a, b) => exact(a) - exact(b));
  }

  Q.drawFind = function () {
    const list = el('ul', { class: 'qh-found' });
    const input = el('input', { type: 'search', id: 'qh-search', placeholder: Q.word('search.hint'), 'aria-label': Q.word('search.hint'),
      autocomplete: 'off', oninput: (event) => results(list, event.target.value) });
    Q.fill(Q.byId('qh-find'), input, list);
  };

  function results(list, text) {
    const found = find(text);
    const kind = (each) => [Q.layerTitle(each.sheet.layer), Q.data.sides.length > 1 && [' · ', each.side ? 'B' : 'A']];
    Q.fill(list, text.trim() && !found.length && el('li', { class: 'qh-fine' }, Q.word('search.none')),
      found.slice(0, FOUND).map((each) => el('li', {}, el('button', { type: 'button', onclick: () => Q.goTo(each) },
        Q.user(Q.titleOf(each.sheet, each.row)), el('small', {}, kind(each))))),
      found.length > FOUND && el('li', { class: 'qh-fine' }, Q.word('search.more', { number: Q.count(found.length - FOUND) })));
  }

  function toggle(group, key, on) {
    const changed = Object.assign({}, Q.view.on);
    if (Q.data.one_of.indexOf(group) >= 0) keysOf(group).forEach((other) => { changed[other] = false; });
    if (key) changed[key] = on;
    Q.set({ on: changed });
  }

  // Keys of a group over all sides, bottom up.
  function keysOf(group) {
    const keys = [];
    Q.sheets.forEach((side) => side.forEach((one) => {
      if (one.layer.group === group && keys.indexOf(one.key) < 0) keys.push(one.key);
    }));
    return keys;
  }

  const firstOf = (key) => { for (const side of Q.sheets) { const one = side.find((each) => each.key === key); if (one) return one; } return null; };

  function line(group, key, radio) {
    const one = key ? firstOf(key) : null;
    const on = key ? Boolean(Q.view.on[key]) : keysOf(group).every((other) => !Q.view.on[other]);
    return el('label', { class: 'qh-layer' },
      el('input', { type: radio ? 'radio' : 'checkbox', name: radio ? 'qh-' + group : null, 'data-layer': key || '', checked: on,
        onchange: (event) => toggle(group, key, event.target.checked) }),
      el('span', {}, one ? (one.layer.custom ? Q.user(one.layer.custom) : Q.layerTitle(one.layer)) : Q.word('planner.nothing')),
      one && one.layer.group !== 'ground' && el('small', {}, Q.count(one.rows)));
  }

  Q.drawLayers = function () {
    const radio = (group) => Q.data.one_of.indexOf(group) >= 0;
    Q.fill(Q.byId('qh-layers'), Q.data.groups.filter((group) => keysOf(group).length).map((group) => el('fieldset', {},
      el('legend', {}, Q.word('group.' + group)),
      keysOf(group).map((key) => line(group, key, radio(group))), radio(group) && line(group, '', true))));
  };

  // Share of all residents certainly covered, the only one that can be compared.
  function share(side, when, type) {
    const figures = Q.data.sides[side].figures;
    const of = figures[when] || {};
    const counts = Object.prototype.hasOwnProperty.call(of, type) ? of[type] : null;
    const all = counts ? counts[0] + counts[1] + counts[2] : 0;
    return all > 0 && counts[0] + counts[1] > 0 ? { share: counts[0] / all, counts: counts } : null;
  }

  function points(before, after) {
    if (!before || !after) return Q.word('none');
    const moved = Math.round((after.share - before.share) * 1000) / 10;
    return (moved > 0 ? '+' : moved < 0 ? '−' : '±') + Math.abs(moved);
  }

  Q.drawFigures = function () {
    const two = Q.data.sides.length > 1;
    const steps = Q.data.steps;
    const when = Q.view.when;
    const last = steps[steps.length - 1];
    const columns = two ? [[0, Q.whenOf(0)], [1, Q.whenOf(1)]] : last ? [[0, 'today'], [0, when === 'today' ? last : when]] : [[0, 'today']];
    const kinds = ['circle'].concat(Q.data.types.map((kind) => kind.id)).filter((type) => share(0, 'today', type));
    if (!kinds.length) { Q.fill(Q.byId('qh-figures')); return; }
    const head = (side) => [side ? 'B' : 'A', el('small', {}, ' ', Q.whenName(Q.whenOf(side)))];
    const heads = two ? [head(0), head(1)] : columns.map((column) => Q.whenName(column[1]));
    Q.fill(Q.byId('qh-figures'), el('h2', {}, Q.word('figures.title')), el('p', { class: 'qh-fine' }, Q.word('figures.unit')),
      el('table', { class: 'qh-shares' }, el('thead', {}, el('tr', {}, el('th', {}, Q.word('head.type')),
        heads.map((head) => el('th', { class: 'qh-number' }, head)), columns.length > 1 && el('th', { class: 'qh-number' }, Q.word('figures.points')))),
      el('tbody', {}, kinds.map((type) => {
        const found = columns.map((column) => share(column[0], column[1], type));
        return el('tr', { class: type === Q.view.type ? 'qh-chosen' : '', tabindex: 0, onclick: () => Q.set({ type: type }),
          onkeydown: (event) => { if (event.key === 'Enter') Q.set({ type: type }); } },
        el('th', {}, Q.typeName(type)), found.map((each) => el('td', { class: 'qh-number' }, each ? Q.share(each.share) : Q.word('none'))),
        columns.length > 1 && el('td', { class: 'qh-number' }, points(found[0], found[1])));
      }))));
  };
})(window);
