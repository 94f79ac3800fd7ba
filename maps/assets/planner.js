// Starts the planner's map: one map or two in step, their layers, popups, switches, print.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const L = root.L;
  const el = Q.el;
  Q.maps = [];

  Q.planner = function (map) {
    const begun = root.performance.now();
    if (root.matchMedia && root.matchMedia('(prefers-reduced-motion: reduce)').matches) {
      map._fadeAnimated = map._zoomAnimated = false;
    }
    Q.load();
    Q.join();
    recallView();
    frames(map);
    Q.maps.forEach((each, side) => {
      Q.addTiles(each, Q.data.tiles);
      if (!each.qhBoard) each.qhBoard = Q.board(side).addTo(each);
      L.control.scale({ imperial: false, maxWidth: 140, position: 'bottomleft' }).addTo(each);
      listen(each);
    });
    if (Q.maps.length > 1) together();
    Q.onChange(draw);
    fit();
    Q.ready = true;
    Q.drawFind();
    draw({ language: 1, on: 1, level: 1 });
    root.addEventListener('beforeprint', () => printing(true));
    root.addEventListener('afterprint', () => printing(false));
    root.addEventListener('resize', () => Q.maps.forEach((each) => each.invalidateSize()));
    Q.milliseconds = root.performance.now() - begun;
  };

  // The first map is folium's; a second one is made like it. Both stand in one frame.
  function frames(map) {
    const sides = Q.byId('qh-sides');
    Q.maps.push(map);
    sides.appendChild(wrap(map.getContainer(), 0));
    if (Q.data.sides.length < 2) return;
    const box = el('div', { class: 'folium-map' });
    sides.appendChild(wrap(box, 1));
    sides.classList.add('qh-two');
    // No legend over the second map, and what differs comes first.
    const panel = Q.byId('qh-panel');
    panel.insertBefore(Q.byId('qh-figures'), Q.byId('qh-layers'));
    panel.appendChild(Q.byId('qh-key')).className = 'qh-aside';
    const options = map.options;
    Q.maps.push(L.map(box, {
      zoomControl: false, attributionControl: false, maxZoom: options.maxZoom, zoomSnap: options.zoomSnap,
      zoomDelta: options.zoomDelta, preferCanvas: true, zoomAnimation: false, fadeAnimation: false
    }));
    map._zoomAnimated = false;
    Q.sheets[1].forEach((one, row) => Q.compact(1, row));
  }

  function wrap(container, side) {
    const name = el('p', { class: 'qh-side-name', 'data-side': side });
    return el('div', { class: 'qh-side' }, container, name, el('i', { class: 'qh-ghost' }));
  }

  function recallView() {
    const wanted = {};
    root.location.hash.replace(/([a-z]+)=([^&#]*)/g, (all, name, value) => {
      try { wanted[name] = decodeURIComponent(value); } catch (error) { wanted[name] = ''; }
    });
    const view = Q.view;
    const data = Q.data;
    view.language = wanted.lang === 'zh' || wanted.lang === 'en' ? wanted.lang : data.language;
    view.type = [wanted.type, data.chosen, 'circle'].find((type) => type && Q.column(type) >= 0) || 'circle';
    view.when = [wanted.when, data.when].find((when) => data.steps.indexOf(when) >= 0) || 'today';
    const levels = Q.levels();
    view.level = levels.indexOf(wanted.level) >= 0 ? wanted.level : levels[levels.length - 1] || '';
    view.on = {};
    Q.sheets.forEach((side) => side.forEach((one) => { view.on[one.key] = one.layer.shown; }));
    if (wanted.on !== undefined) {
      const on = wanted.on.split('.');
      Object.keys(view.on).forEach((key) => { view.on[key] = on.indexOf(key) >= 0; });
    }
  }

  function listen(map) {
    map.on('click', (event) => {
      if (Q.measuring()) Q.measureAt(map, event.latlng);
      else open(map, event.latlng);
    });
    map.on('zoomend', Q.drawKey);
    let waiting = false;
    map.on('mousemove', (event) => {
      if (waiting) return;
      waiting = true;
      root.requestAnimationFrame(() => {
        waiting = false;
        if (L.Browser.mobile || Q.measuring()) return;
        const found = Q.hit(map, event.latlng);
        map.getContainer().classList.toggle('qh-over', Boolean(found));
        ghost(map, event.containerPoint);
      });
    });
  }

  function open(map, at, found) {
    const hit = found || Q.hit(map, at);
    if (!hit) return;
    const size = map.getSize();
    L.popup({ maxWidth: Math.min(480, size.x - 60), minWidth: Math.min(320, size.x - 60), maxHeight: Math.max(160, Math.min(440, size.y - 110)) })
      .setLatLng(at).setContent(Q.card(hit)).openOn(map);
  }

  // A mark on the other map where the pointer is on this one.
  function ghost(map, point) {
    if (Q.maps.length < 2) return;
    const other = Q.maps[0] === map ? 1 : 0;
    const marks = document.querySelectorAll('.qh-ghost');
    marks[1 - other].style.display = 'none';
    Object.assign(marks[other].style, { display: 'block', left: point.x + 'px', top: point.y + 'px' });
  }

  function together() {
    let leading = null;
    Q.maps.forEach((map, at) => map.on('move', () => {
      if (leading && leading !== map) return;
      leading = map;
      Q.maps[1 - at].setView(map.getCenter(), map.getZoom(), { animate: false });
      leading = null;
    }));
  }

  function fit() {
    const view = Q.data.view;
    const bounds = L.latLngBounds([view[1], view[0]], [view[3], view[2]]);
    const map = Q.maps[0];
    map.setMaxBounds(null);
    map.setMinZoom(0);
    Q.maps.forEach((each) => each.invalidateSize({ animate: false }));
    const wide = map.getSize().x > 900 && Q.maps.length === 1 && !document.documentElement.classList.contains('qh-printing');
    map.fitBounds(bounds, { animate: false, padding: [14, 14], paddingBottomRight: [wide ? 250 : 14, 14] });
    Q.maps.slice(1).forEach((each) => each.setView(map.getCenter(), map.getZoom(), { animate: false }));
    if (!Q.firstZoom) Q.firstZoom = map.getZoom();
    Q.maps.forEach((each) => each.setMaxBounds(bounds.pad(1)));
    map.setMinZoom(Math.max(0, map.getZoom() - 2));
  }

  function draw(changes) {
    Q.maps.forEach((map) => map.closePopup());
    document.documentElement.lang = Q.view.language === 'zh' ? 'zh-CN' : 'en';
    document.title = Q.data.title[Q.view.language] || 'quarterhour';
    if (changes.language) Q.drawFind();
    if (Q.onlyTime(changes)) Q.tellTime();
    else Q.drawBar();
    Q.drawLayers();
    Q.drawFigures();
    if (changes.on) switchLayers();
    if (Q.maps.length > 1) {
      document.querySelectorAll('.qh-side-name').forEach((name, side) => Q.fill(name, el('b', {}, side ? 'B' : 'A'), ' ', Q.user(Q.data.sides[side][Q.view.language])));
    }
    Q.repaintAll();
    Q.drawKey();
  }

  function switchLayers() {
    Q.sheets.forEach((side, at) => side.forEach((one) => {
      const map = Q.maps[at];
      const on = Boolean(Q.view.on[one.key]);
      if (on && !map.hasLayer(one.handle)) one.handle.addTo(map);
      if (!on && map.hasLayer(one.handle)) one.handle.remove();
    }));
  }

  // To a thing that the search found: its layer is switched on, its popup opened.
  Q.goTo = function (each) {
    const one = each.sheet;
    const layer = one.layer;
    if (!Q.view.on[one.key]) {
      const on = Object.assign({}, Q.view.on);
      if (Q.data.one_of.indexOf(layer.group) >= 0) Q.sheets.forEach((side) => side.forEach((other) => { if (other.layer.group === layer.group) on[other.key] = false; }));
      on[one.key] = true;
      Q.set({ on: on });
    }
    if (layer.types && Q.view.type !== 'circle' && layer.types[each.row] !== Q.view.type) Q.set({ type: layer.types[each.row] });
    if (layer.levels && Q.view.level !== layer.levels[each.row]) Q.set({ level: layer.levels[each.row] });
    const map = Q.maps[each.side];
    const box = layer.boxes.subarray(4 * each.row, 4 * each.row + 4);
    const corners = L.latLngBounds(Q.toPlace(box[0], box[1]), Q.toPlace(box[2], box[3]));
    map.fitBounds(corners, { maxZoom: Math.max(16, map.getZoom()), padding: [60, 60], animate: false });
    open(map, corners.getCenter(), { sheet: one, rows: [each.row] });
  };

  function printing(on) {
    document.documentElement.classList.toggle('qh-printing', on);
    Q.maps.forEach((map) => map.closePopup());
    const key = Q.byId('qh-key').querySelector('details');
    if (on && key) key.open = true;
    fit();
    Q.repaintAll();
  }
})(window);
