// The panels beside the map: headline, switches, coverage by type, where to act, plan, sources.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const el = Q.el;
  const WORST = 10;
  const MUCH_UNKNOWN = 0.1; // share of residents from which the headline names the unknown
  const LISTED = 10;
  const LISTED_ON_PAPER = 20;
  let listAll = false;

  const city = (when, type) => Q.counts(when, 'city', '', type);

  // A template whose {places} become bold figures.
  function sentence(key, values) {
    return Q.word(key).split(/(\{\w+\})/).map((part) => {
      const name = /^\{(\w+)\}$/.exec(part);
      if (!name) return part;
      return name[1] === 'least' ? values.least : el('b', {}, values[name[1]]);
    });
  }

  Q.drawHead = function () {
    const data = Q.data;
    const other = Q.view.language === 'zh' ? 'en' : 'zh';
    Q.fill(Q.byId('qh-head'),
      el('div', { class: 'qh-top' },
        el('div', {}, el('h1', {}, Q.user(data.title[Q.view.language])),
          data.subtitle[Q.view.language] && el('p', { class: 'qh-subtitle' }, Q.user(data.subtitle[Q.view.language]))),
        el('button', { class: 'qh-language', type: 'button', lang: other, onclick: () => Q.set({ language: other }) },
          other === 'en' ? 'English' : '中文')),
      data.label && el('p', { class: 'qh-label' }, Q.user(data.label)),
      story(), tiles());
  };

  const least = (counts) => (counts.unknown > 0 ? Q.word('at_least') : '');

  function story() {
    const now = city('today', 'circle');
    if (!now) return null;
    const values = { least: least(now), covered: Q.count(now.covered), share: Q.share(now.certain), types: Q.basicTypes().length };
    const after = Q.last() && city(Q.last(), 'circle');
    const outlets = plannedOutlets();
    const dark = now.unknown / now.residents;
    return el('p', { class: 'qh-story' }, now.certain !== null && sentence('story.today', values),
      dark >= MUCH_UNKNOWN && sentence('story.unknown', { unknown: Q.count(now.unknown), share: Q.share(dark) }),
      after && after.certain !== null && sentence('story.after', { least: least(after), outlets: Q.count(outlets), covered: Q.count(after.covered), share: Q.share(after.certain) }));
  }

  function plannedOutlets() {
    if (Q.data.plan && Q.data.plan.outlets !== null) return Q.data.plan.outlets;
    return Q.data.places.reduce((sum, place) => sum + place.entries.reduce((part, entry) => part + (entry.count || 0), 0), 0);
  }

  function tile(key, before, after, note, tone) {
    return el('div', { class: 'qh-tile ' + (tone || '') }, el('h2', {}, Q.word(key)),
      el('p', { class: 'qh-figure' }, after === null || after === before
        ? el('b', {}, before) : [el('span', {}, before), el('i', {}, '→'), el('b', {}, after)]),
      note && el('p', { class: 'qh-fine' }, note));
  }

  function tiles() {
    const now = city('today', 'circle');
    if (!now) return null;
    const after = Q.last() ? city(Q.last(), 'circle') : null;
    const then = (show) => (after ? show(after) : null);
    // Who leaves the gap may be unknown then, where another service is: that closes nothing.
    const unsure = after ? Math.max(0, after.unknown - now.unknown) : 0;
    const closed = after && now.gap > 0
      ? Q.word(unsure > 0 ? 'tile.gap_unsure' : 'tile.gap_closed',
        { share: Q.share(Math.max(0, 1 - (after.gap + unsure) / now.gap)), unknown: Q.count(unsure) })
      : Q.word('tile.gap_note');
    return el('div', { class: 'qh-tiles' },
      tile('tile.circle', Q.share(now.certain), then((counts) => Q.share(counts.certain)),
        [Q.word(now.unknown > 0 ? 'tile.circle_least' : 'tile.circle_note', { residents: Q.count(now.residents) }), target(now, after)], 'qh-main'),
      wholeAreas(), tile('tile.gap', Q.count(now.gap), then((counts) => Q.count(counts.gap)), closed),
      tile('tile.unknown', Q.count(now.unknown), then((counts) => Q.count(counts.unknown)),
        now.blank ? Q.word('tile.blank_note', { points: Q.count(now.blank) }) : Q.word('tile.unknown_note')),
      progress());
  }

  // A bar up to the target: what is reached today, what the plan adds.
  function target(now, after) {
    const goal = Q.data.target;
    if (!goal || now.certain === null) return null;
    const reached = Math.max(now.certain, after && after.certain !== null ? after.certain : 0);
    const width = (share) => 'width:' + Math.min(100, 100 * share / goal) + '%';
    return [el('span', { class: 'qh-target', role: 'img', 'aria-hidden': 'true' },
      el('i', { class: 'qh-bar-added', style: width(reached) }), el('i', { class: 'qh-bar-covered', style: width(now.certain) })),
    reached >= goal ? Q.word('target.met', { target: Q.share(goal) })
      : Q.word('target.reached', { share: Q.share(reached / goal), target: Q.share(goal) })];
  }

  // Areas of the smallest level in which every resident has a full circle.
  function wholeAreas() {
    const level = Q.levels().pop();
    if (!level) return null;
    const whole = (when) => Q.data.areas.id.filter((id, row) => {
      const counts = Q.data.areas.level[row] === level ? Q.counts(when, level, id, 'circle') : null;
      return counts && counts.covered > 0 && counts.gap === 0 && counts.unknown === 0;
    }).length;
    const all = Q.data.areas.id.filter((id, row) => Q.data.areas.level[row] === level && Q.counts('today', level, id, 'circle')).length;
    return tile('tile.areas.' + level, Q.count(whole('today')), Q.last() ? Q.count(whole(Q.last())) : null,
      Q.word('tile.areas_note', { number: Q.count(all) }));
  }

  function progress() {
    const done = Q.data.progress;
    if (!done) return null;
    return el('div', { class: 'qh-tile qh-wide' }, el('h2', {}, Q.word('tile.progress')),
      el('p', { class: 'qh-figure' }, el('b', {}, Q.word('target.outlets', { done: Q.count(done[0]), target: Q.count(done[1]),
        share: done[1] > 0 ? (Math.round(1000 * done[0] / done[1]) / 10) + '%' : Q.word('none') }))));
  }

  function option(value, words, chosen) {
    return el('option', { value: value, selected: value === chosen }, words);
  }

  Q.drawTools = function () {
    const view = Q.view;
    const levels = Q.levels();
    const kinds = ['circle'].concat(Q.data.types.map((kind) => kind.id));
    Q.fill(Q.byId('qh-tools'),
      el('p', { class: 'qh-caption' }),
      el('select', { id: 'qh-type', 'aria-label': Q.word('choose.type'), onchange: (event) => Q.set({ type: event.target.value }) },
        kinds.map((type) => option(type, Q.typeName(type) + (type === 'circle' ? '' : ' · ' + Q.threshold(type)), view.type))),
      Q.timeSwitch(),
      levels.length > 1 && el('select', { id: 'qh-level', 'aria-label': Q.word('choose.level'),
        onchange: (event) => Q.set({ level: event.target.value }) },
      levels.map((level) => option(level, Q.word('by_level', { level: Q.word('level.' + level) }), view.level))));
    Q.drawCaption();
  };

  Q.drawCaption = () => Q.fill(Q.byId('qh-tools').querySelector('.qh-caption'), Q.typeName(Q.view.type), ' · ', Q.whenWord());

  function segment(name, persons, total) {
    return persons > 0 ? el('i', { class: 'qh-bar-' + name, style: 'width:' + (100 * persons / total) + '%' }) : null;
  }

  function bar(now, after) {
    const total = Math.max(now.residents, now.covered + now.gap + now.unknown, 1);
    const added = after ? Math.max(0, after.covered - now.covered) : 0;
    const left = after || now; // a closed gap may leave the full circle unknown, so not today's less what is added
    return el('span', { class: 'qh-bar' }, segment('covered', now.covered, total), segment('added', added, total),
      segment('gap', left.gap, total), segment('unknown', left.unknown, total));
  }

  function typeRow(type) {
    const now = city('today', type);
    if (!now) return null;
    const after = Q.last() ? city(Q.then(), type) : null;
    const moved = after && after.covered !== now.covered;
    return el('button', { type: 'button', class: 'qh-type' + (type === 'circle' ? ' qh-whole' : ''), 'data-type': type,
      'aria-pressed': String(type === Q.view.type), onclick: () => Q.set({ type: type }) },
    el('span', { class: 'qh-type-name' }, Q.typeName(type),
      el('small', {}, Q.threshold(type), Q.unverified(type) && type !== 'circle' ? '*' : '')),
    bar(now, after),
    el('span', { class: 'qh-type-share' }, moved ? [el('small', {}, Q.share(now.certain)), el('b', {}, Q.share(after.certain))]
      : el('b', {}, Q.share(now.certain))));
  }

  Q.drawTypes = function () {
    const key = (name) => el('span', {}, el('i', { class: 'qh-bar-' + name }), Q.word('bar.' + name));
    const kinds = ['circle'].concat(Q.data.types.map((kind) => kind.id));
    const chosen = city('today', Q.view.type);
    Q.fill(Q.byId('qh-types'), el('h2', {}, Q.word('types.title'), ' ', el('small', {}, Q.word('types.unit'))),
      el('p', { class: 'qh-key' }, key('covered'), Q.last() && key('added'), key('gap'), key('unknown')),
      kinds.map(typeRow),
      chosen && chosen.overcount > 0 && el('p', { class: 'qh-note' },
        sentence('types.overcount', { type: Q.typeName(Q.view.type), number: Q.count(chosen.overcount) })),
      Q.unverified('circle') && el('p', { class: 'qh-fine' }, Q.word('types.unverified')));
  };

  Q.worst = function () {
    const areas = Q.data.areas;
    return areas.id.map((id, row) => ({ row: row, counts: areas.level[row] === Q.view.level
      ? Q.counts(Q.view.when, Q.view.level, id, Q.view.type) : null }))
      .filter((each) => each.counts && each.counts.gap > 0)
      .sort((a, b) => b.counts.gap - a.counts.gap || a.row - b.row).slice(0, WORST);
  };

  // What is left of a gap of the list after the plan, where the tables tell it.
  function left(gap) {
    if (!Q.last()) return null;
    const counts = Q.counts(Q.then(), 'community', gap.place, gap.type);
    return counts ? counts.gap : null;
  }

  function gapRow(gap, most) {
    const rest = left(gap);
    return el('li', {}, el('button', { type: 'button', onclick: () => Q.goToGap(gap) },
      el('span', {}, Q.user(gap[Q.view.language]), el('small', {}, Q.typeName(gap.type),
        gap.minutes !== null && [' · ', Q.word('worst.minutes', { number: Q.count(gap.minutes) })])),
      el('span', { class: 'qh-mini' }, el('i', { style: 'width:' + (100 * gap.residents / most) + '%' })),
      el('b', {}, Q.count(gap.residents), rest !== null && el('small', {}, '→ ' + Q.count(rest)))));
  }

  function gapList() {
    const found = Q.data.gaps.filter((gap) => Q.view.type === 'circle' || gap.type === Q.view.type).slice(0, WORST);
    const most = Math.max.apply(null, found.map((gap) => gap.residents || 1).concat([1]));
    return [el('h2', {}, Q.word('worst.ten')),
      el('p', { class: 'qh-fine' }, Q.typeName(Q.view.type), ' · ', Q.word(Q.last() ? 'worst.how_after' : 'worst.how')),
      found.length ? el('ol', { class: 'qh-worst qh-gaps' }, found.map((gap) => gapRow(gap, most))) : el('p', {}, Q.word('worst.none_type'))];
  }

  function worst() {
    if (Q.data.gaps.length) return gapList();
    const found = Q.worst();
    if (!Q.data.areas.id.length) return null;
    const most = found.length ? found[0].counts.gap : 1;
    return [el('h2', {}, Q.word('worst.title')),
      el('p', { class: 'qh-fine' }, Q.typeName(Q.view.type), ' · ', Q.whenWord()),
      found.length ? el('ol', { class: 'qh-worst' }, found.map((each) => el('li', {},
        el('button', { type: 'button', onclick: () => Q.goToArea(each.row) },
          el('span', {}, Q.user(Q.areaName(each.row))),
          el('span', { class: 'qh-mini' }, el('i', { style: 'width:' + (100 * each.counts.gap / most) + '%' })),
          el('b', {}, Q.count(each.counts.gap)))))) : el('p', {}, Q.word('worst.none'))];
  }

  function sites() {
    const rows = [];
    Q.data.places.forEach((place) => Q.entries(place).forEach((entry) => rows.push({ place: place, entry: entry })));
    if (!Q.data.places.length) return null;
    rows.sort((a, b) => a.entry.rank - b.entry.rank);
    const shown = listAll ? rows : rows.slice(0, Q.paper ? LISTED_ON_PAPER : LISTED);
    return [el('h2', {}, Q.word('sites.title')),
      rows.length ? el('table', { class: 'qh-list' },
        el('thead', {}, el('tr', {}, el('th', {}, Q.word('head.rank')), el('th', {}, Q.word('head.place')),
          el('th', {}, Q.word('head.type')), el('th', { class: 'qh-number' }, Q.word('head.new')))),
        el('tbody', {}, shown.map((each) => el('tr', { tabindex: 0, onclick: () => Q.goToPlace(each.place),
          onkeydown: (event) => { if (event.key === 'Enter') Q.goToPlace(each.place); } },
          el('td', {}, each.entry.rank), el('td', {}, Q.user(Q.placeName(each.place))),
          el('td', {}, Q.typeName(each.entry.type), each.entry.count > 1 && ' × ' + each.entry.count),
          el('td', { class: 'qh-number' }, Q.count(each.entry.new)))))) : el('p', {}, Q.word('sites.none')),
      rows.length > shown.length && el('p', { class: 'qh-fine qh-rest' }, Q.word('sites.rest', { number: Q.count(rows.length - shown.length) })),
      rows.length > LISTED && el('button', { type: 'button', class: 'qh-all', onclick: () => { listAll = !listAll; Q.drawMore(); } },
        listAll ? Q.word('sites.fewer') : Q.word('sites.all', { number: Q.count(rows.length) }))];
  }

  function plan() {
    const run = Q.data.plan;
    if (!run) return null;
    const proven = run.status === 'optimal' && !(run.gap > 1e-6);
    const words = proven ? Q.word('plan.proven')
      : run.status === 'infeasible' ? Q.word('plan.infeasible')
        : run.gap !== null ? Q.word('plan.within', { gap: Q.share(run.gap) }) : Q.word('plan.open');
    const how = [run.solver, run.seconds === null ? '' : Q.word('plan.seconds', { number: Q.count(Math.round(run.seconds * 10) / 10) }),
      Q.word('plan.status', { status: run.status || Q.word('none') })].filter(Boolean);
    return [el('h2', {}, Q.word('plan.title')), el('p', { class: proven ? 'qh-proven' : 'qh-unproven' }, words),
      el('p', { class: 'qh-fine' }, how.map((part, at) => [at > 0 && ' · ', Q.user(part)]))];
  }

  function origin() {
    const sources = Q.data.types.filter((kind) => kind.source).map((kind) => el('li', {}, Q.typeName(kind.id), ' ',
      Q.threshold(kind.id), ' — ', Q.user(kind.source), ' · ', Q.word(kind.verified ? 'verified' : 'unverified')));
    return [el('h2', {}, Q.word('notes.title')),
      el('p', { class: 'qh-fine' }, Q.word('notes.reading')),
      Q.data.sources.length > 0 && [el('h3', {}, Q.word('notes.sources')),
        el('ul', { class: 'qh-fine' }, Q.data.sources.map((source) => el('li', {}, Q.user(source))))],
      el('details', { class: 'qh-facts' }, el('summary', {}, Q.word('notes.facts')),
        el('dl', {}, Q.data.facts.map((fact) => [el('dt', {}, Q.user(fact[0])), el('dd', {}, Q.user(fact[1]))])),
        sources.length > 0 && [el('h3', {}, Q.word('notes.thresholds')), el('ul', { class: 'qh-fine' }, sources)]),
      el('p', { class: 'qh-fine' }, Q.word('made', { date: Q.data.made_on }), ' · quarterhour ', Q.user(Q.data.version))];
  }

  Q.drawMore = () => Q.fill(Q.byId('qh-more'),
    el('div', { class: 'qh-act' }, worst()), el('div', { class: 'qh-sites' }, sites()),
    el('div', { class: 'qh-proof' }, plan()), el('div', { class: 'qh-origin' }, origin()));
})(window);
