// Popups and tooltips: small tables, built from text nodes.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const el = Q.el;
  const STATE = { c: 'covered', g: 'gap', u: 'unknown' };

  function state(letter) {
    const name = STATE[letter] || 'unknown';
    return el('span', { class: 'qh-state qh-' + name }, Q.word('state.' + name));
  }

  const change = (before, after) =>
    before === after || !after ? state(before) : [state(before), ' → ', state(after)];

  function box(title, kicker, parts) {
    return el('div', { class: 'qh-popup' }, el('p', { class: 'qh-kicker' }, kicker),
      el('h3', {}, title ? Q.user(title) : Q.word('nameless')), parts);
  }

  // Columns after the first `texts` hold figures and stand to the right.
  function table(heads, rows, texts) {
    return el('table', {},
      el('thead', {}, el('tr', {}, heads.map((head, column) => el('th', { class: column < (texts || 1) ? '' : 'qh-number' }, head)))),
      el('tbody', {}, rows));
  }

  const chosen = (type) => (type === Q.view.type ? 'qh-chosen' : '');
  const everyType = () => ['circle'].concat(Q.data.types.map((kind) => kind.id));

  function walk(row, column) {
    const points = Q.data.points;
    const metres = points.metres[column][row];
    const minutes = points.minutes[column][row];
    if (metres === null) return Q.word('none');
    return Q.word('walk', { metres: Q.count(metres), minutes: Q.count(minutes) });
  }

  function nearest(row, column) {
    const points = Q.data.points;
    const reason = points.reason[column][row];
    const outlet = points.outlet[column][row];
    if (reason) return Q.has('reason.' + reason) ? Q.word('reason.' + reason) : Q.user(reason);
    return outlet >= 0 ? Q.user(Q.data.outlets.name[outlet] || Q.word('nameless')) : Q.word('none_reached');
  }

  Q.popupPoint = function (row) {
    const points = Q.data.points;
    const residents = points.residents[row];
    const before = points.states[row];
    const after = Q.last() ? Q.states(Q.then())[row] : '';
    const last = Q.data.types.length;
    const lines = Q.data.types.map((kind, column) => el('tr', { class: chosen(kind.id) },
      el('th', {}, Q.typeName(kind.id), el('small', {}, nearest(row, column))),
      el('td', { class: 'qh-number' }, walk(row, column)),
      el('td', { class: 'qh-number' }, change(before.charAt(column), after.charAt(column)))));
    return box(points.name[row], Q.word('home'), [
      el('p', {}, residents === null ? Q.word('residents_unknown') : Q.word('residents', { number: Q.count(Math.round(residents)) }),
        ' · ', Q.word('circle'), ' ', change(before.charAt(last), after.charAt(last))),
      table([Q.word('head.type'), Q.word('head.walk'), Q.word('head.state')], lines)]);
  };

  Q.popupArea = function (row) {
    const areas = Q.data.areas;
    const level = areas.level[row];
    const whole = Q.counts('today', level, areas.id[row], 'circle');
    const lines = everyType().map((type) => areaLine(level, areas.id[row], type));
    const heads = [Q.word('head.type'), Q.word('head.share'), Q.word('head.gap'), Q.word('head.unknown')];
    return box(Q.areaName(row), Q.word('level.' + level), [
      el('p', {}, whole ? Q.word('residents', { number: Q.count(whole.residents) }) : Q.word('no_homes')),
      table(heads, lines)]);
  };

  function areaLine(level, area, type) {
    const before = Q.counts('today', level, area, type);
    const after = Q.last() ? Q.counts(Q.then(), level, area, type) : null;
    if (!before) return null;
    const pair = (name, show) => (after && after[name] !== before[name]
      ? [show(before[name]), ' → ', el('b', {}, show(after[name]))] : show(before[name]));
    return el('tr', { class: chosen(type) }, el('th', {}, Q.typeName(type)),
      el('td', { class: 'qh-number' }, pair('share', Q.share)),
      el('td', { class: 'qh-number' }, pair('gap', Q.count)),
      el('td', { class: 'qh-number' }, Q.count(before.unknown)));
  }

  Q.popupOutlet = function (row) {
    const outlets = Q.data.outlets;
    const kind = Q.data.types[outlets.type[row]];
    const status = outlets.status[row];
    const lines = [
      outlets.address[row] && Q.user(outlets.address[row]), outlets.hours[row] && Q.user(outlets.hours[row]),
      status && (Q.has('status.' + status) ? Q.word('status.' + status) : Q.user(status))];
    return box(outlets.name[row], [Q.word('outlet'), kind && [' · ', Q.typeName(kind.id)]],
      lines.filter(Boolean).map((line) => el('p', {}, line)));
  };

  Q.placeName = (place) => place.name || place.address || place.candidate;

  Q.areaById = function (level, id) {
    const areas = Q.data.areas;
    const row = areas.id.findIndex((each, at) => each === id && areas.level[at] === level);
    return row < 0 ? id : Q.areaName(row);
  };

  Q.popupPlace = function (place) {
    const where = ['district', 'street', 'community'].map((level) => place[level] && Q.areaById(level, place[level])).filter(Boolean);
    const lines = place.entries.map((entry) => el('tr', { class: chosen(entry.type) },
      el('td', {}, entry.rank), el('th', {}, Q.typeName(entry.type), entry.count > 1 && ' × ' + entry.count),
      el('td', { class: 'qh-number' }, el('b', {}, Q.count(entry.new))),
      el('td', { class: 'qh-number' }, Q.count(entry.lost))));
    const others = place.entries.filter((entry) => entry.alternative).map((entry) =>
      el('p', { class: 'qh-fine' }, Q.word('alternative', { type: Q.typeName(entry.type) }), ' ', Q.user(entry.alternative),
        entry.alternative_loss !== null && Q.word('alternative_loss', { number: Q.count(entry.alternative_loss) })));
    return box(Q.placeName(place), Q.word('site'), [
      place.address && place.address !== Q.placeName(place) && el('p', {}, Q.user(place.address)),
      where.length > 0 && el('p', {}, where.map((name, at) => [at > 0 && ' · ', Q.user(name)])),
      table([Q.word('head.rank'), Q.word('head.type'), Q.word('head.new'), Q.word('head.lost')], lines, 2), others]);
  };

  Q.tipArea = function (row) {
    const areas = Q.data.areas;
    const counts = Q.counts(Q.view.when, areas.level[row], areas.id[row], Q.view.type);
    return el('div', { class: 'qh-tip' }, el('b', {}, Q.user(Q.areaName(row))), ' ',
      counts && counts.share !== null ? Q.share(counts.share) : Q.word('state.unknown'));
  };
})(window);
