// State of the page, words and numbers in the reader's language, and building of elements.
// User text only ever enters the page as text nodes (Q.el), never as markup.
(function (root) {
  'use strict';
  const Q = root.quarterhour = {
    view: { type: 'circle', when: 'today', level: '', language: 'zh' },
    layers: {}, byRow: {}, data: null, map: null, listeners: []
  };

  Q.word = function (key, values) {
    const text = own(Q.data.words[Q.view.language], key) || key;
    return text.replace(/\{(\w+)\}/g, (all, name) => (own(values, name) === undefined ? all : values[name]));
  };

  // Ids are the user's and may be called like a built-in property.
  const own = (table, key) => (table && Object.prototype.hasOwnProperty.call(table, key) ? table[key] : undefined);
  Q.has = (key) => own(Q.data.words[Q.view.language], key) !== undefined;

  Q.el = function (tag, attributes) {
    const node = document.createElement(tag);
    Object.keys(attributes || {}).forEach((name) => {
      const value = attributes[name];
      if (name.slice(0, 2) === 'on') node.addEventListener(name.slice(2), value);
      else if (name === 'class') node.className = value;
      else if (value === true) node.setAttribute(name, '');
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    });
    Array.prototype.slice.call(arguments, 2).forEach((child) => append(node, child));
    return node;
  };

  function append(node, child) {
    if (Array.isArray(child)) child.forEach((each) => append(node, each));
    else if (child instanceof Node) node.appendChild(child);
    else if (child !== null && child !== undefined && child !== false) {
      node.appendChild(document.createTextNode(String(child)));
    }
  }

  // User text stands apart, so that right-to-left letters cannot turn the words around it.
  Q.user = (text) => Q.el('bdi', {}, text);

  Q.fill = function (node) {
    while (node.firstChild) node.removeChild(node.firstChild);
    Array.prototype.slice.call(arguments, 1).forEach((child) => append(node, child));
    return node;
  };

  Q.byId = (id) => document.getElementById(id);

  const locale = () => (Q.view.language === 'zh' ? 'zh-CN' : 'en-GB');
  Q.count = (number) =>
    number === null || number === undefined || isNaN(number) ? Q.word('none') : number.toLocaleString(locale());

  // A share never rounds up to all or down to nothing: 99.97 % is shown as 99.9 %.
  Q.share = function (share) {
    if (share === null || isNaN(share)) return Q.word('state.unknown');
    let percent = Math.round(share * 1000) / 10;
    if (percent === 100 && share < 1) percent = 99.9;
    if (percent === 0 && share > 0) percent = 0.1;
    return percent.toLocaleString(locale(), { maximumFractionDigits: 1 }) + '%';
  };

  Q.column = (type) =>
    type === 'circle' ? Q.data.types.length : Q.data.types.findIndex((kind) => kind.id === type);

  Q.typeName = function (type) {
    if (type === 'circle') return Q.word('circle');
    const kind = Q.data.types[Q.column(type)];
    return kind ? kind[Q.view.language] : type;
  };

  Q.threshold = function (type) {
    if (type === 'circle') return Q.word('circle_of', { types: basicTypes().length });
    const kind = Q.data.types[Q.column(type)];
    if (!kind) return '';
    return Q.data.criterion === 'metres'
      ? Q.word('metres', { number: Q.count(kind.metres) })
      : Q.word('minutes', { number: Q.count(kind.minutes) });
  };

  function basicTypes() {
    const basic = Q.data.types.filter((kind) => kind.basic);
    return basic.length ? basic : Q.data.types;
  }
  Q.basicTypes = basicTypes;

  // Whether a type's threshold (or any threshold of the full circle) was not checked.
  Q.unverified = (type) => (type === 'circle'
    ? basicTypes().some((kind) => !kind.verified)
    : Q.data.types.some((kind) => kind.id === type && !kind.verified));

  Q.areaName = function (row) {
    const areas = Q.data.areas;
    const english = areas.name_en[row];
    const own = Q.view.language === 'en' && english ? english : areas.name[row];
    return own || areas.id[row];
  };

  // Counts of one area and type: persons covered, gap, unknown; the share of those known; and the
  // share of all residents that is certainly covered, which alone can be compared before and after:
  // a plan that closes known gaps leaves more residents whose state is unknown for other types.
  Q.counts = function (when, level, area, type) {
    const table = own(Q.data.plans, when) || Q.data.today || {};
    const record = own(own(table, level), area);
    const column = Q.column(type);
    if (!record || column < 0) return null;
    const covered = record.covered[column] || 0;
    const gap = record.gap[column] || 0;
    const known = covered + gap;
    return {
      residents: record.residents || 0, points: record.points, blank: record.blank || 0,
      covered: covered, gap: gap, unknown: record.unknown[column] || 0,
      overcount: record.overcount[column],
      // A share of few known residents says nothing of an area: it is hatched, not coloured.
      mostlyUnknown: known < (record.unknown[column] || 0),
      certain: record.residents > 0 && known > 0 ? covered / record.residents : null, share: known > 0 ? covered / known : null
    };
  };

  // The switch between today and the steps of the plan: buttons, or a slider where there are years.
  // While the slider is drawn along, only what it says changes: a new one would end the drag.
  Q.tellTime = function () {
    const slider = Q.byId('qh-year');
    const when = Q.view.when === 'today' ? Q.word('today') : Q.view.when;
    slider.value = ['today'].concat(Q.data.steps).indexOf(Q.view.when);
    slider.setAttribute('aria-valuetext', when);
    Q.fill(slider.nextSibling, Q.user(when));
  };
  Q.onlyTime = (changes) => Object.keys(changes).join() === 'when' && Q.byId('qh-year') !== null;

  Q.timeSwitch = function () {
    const times = ['today'].concat(Q.data.steps);
    if (times.length < 2) return null;
    const name = (when) => (when === 'today' || when === 'after' ? Q.word(when) : Q.user(when));
    if (times.length === 2) {
      return Q.el('div', { class: 'qh-when', role: 'group', 'aria-label': Q.word('choose.when') },
        times.map((when) => Q.el('button', { type: 'button', 'data-when': when, 'aria-pressed': String(Q.view.when === when),
          onclick: () => Q.set({ when: when }) }, name(when))));
    }
    const at = times.indexOf(Q.view.when);
    return Q.el('label', { class: 'qh-when qh-years' },
      Q.el('input', { type: 'range', id: 'qh-year', min: 0, max: times.length - 1, step: 1, value: at, 'aria-label': Q.word('choose.when'),
        'aria-valuetext': Q.view.when === 'today' ? Q.word('today') : Q.view.when,
        oninput: (event) => { if (times[event.target.value] !== Q.view.when) Q.set({ when: times[event.target.value] }); } }),
      Q.el('output', {}, name(Q.view.when)));
  };

  // Letters of the homes' states; where a year has none of its own, those of today stand.
  Q.states = (when) => own(Q.data.points.plans, when) || Q.data.points.states;

  // The last step of the plan, '' without a plan.
  Q.last = () => Q.data.steps[Q.data.steps.length - 1] || '';
  // The time set beside today: the step chosen, else the end of the plan.
  Q.then = () => (Q.view.when === 'today' ? Q.last() : Q.view.when);
  Q.isOpenAt = (since) => Q.view.when !== 'today' && Q.data.steps.indexOf(since) <= Q.data.steps.indexOf(Q.view.when);

  Q.levels = () => ['district', 'street', 'community'].filter((level) => Q.data.areas.level.indexOf(level) >= 0);

  Q.onChange = (listener) => Q.listeners.push(listener);

  Q.set = function (changes) {
    Object.keys(changes).forEach((name) => { Q.view[name] = changes[name]; });
    remember();
    Q.listeners.forEach((listener) => listener(changes));
  };

  // The view stands behind # in the address, so that it can be passed on or opened again.
  function remember() {
    const view = Q.view;
    const hash = '#type=' + encodeURIComponent(view.type) + '&when=' + view.when +
      '&level=' + view.level + '&lang=' + view.language +
      (view.on ? '&on=' + Object.keys(view.on).filter((key) => view.on[key]).join('.') : '');
    try { root.history.replaceState(null, '', hash); } catch (error) { /* inside a notebook */ }
  }

  Q.recall = function () {
    const wanted = {};
    root.location.hash.replace(/([a-z]+)=([^&#]*)/g, (all, name, value) => {
      try { wanted[name] = decodeURIComponent(value); } catch (error) { wanted[name] = ''; }
    });
    const view = Q.view;
    view.language = own(Q.data.words, wanted.lang) ? wanted.lang : Q.data.language;
    if (Q.column(wanted.type || '') >= 0) view.type = wanted.type;
    if (Q.data.steps.indexOf(wanted.when) >= 0) view.when = wanted.when;
    const levels = Q.levels();
    view.level = levels.indexOf(wanted.level) >= 0 ? wanted.level : (levels[levels.length - 1] || '');
  };
})(window);
