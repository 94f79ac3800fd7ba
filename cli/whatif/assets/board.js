// The map: streets, residents coloured by state, outlets, sites, drawn lines.
(function (root) {
  'use strict';
  const app = root.whatif, L = root.L;
  const COLOURS = { 0: '#8a949b', 1: '#b3261e', 2: '#2b6a99' };
  const board = (app.board = { type: 'circle', tool: 'look' });

  board.open = function (study) {
    const map = (board.map = L.map('map', {
      preferCanvas: true, zoomControl: true, attributionControl: false, doubleClickZoom: false, maxZoom: 20,
      zoomSnap: 0.25
    }));
    map.fitBounds(study.bounds, { padding: [20, 20] });
    const pane = (name, z) => { map.createPane(name).style.zIndex = z; return L.canvas({ pane: name }); };
    const ground = pane('ground', 210), people = pane('people', 410), things = pane('things', 430);
    const flip = (line) => line.map((at) => [at[1], at[0]]);
    const still = { interactive: false, renderer: ground };
    L.polyline(study.streets.minor.map(flip), Object.assign({ color: '#d3d8dc', weight: 1 }, still)).addTo(map);
    L.polyline(study.streets.major.map(flip), Object.assign({ color: '#b9c1c7', weight: 2.4 }, still)).addTo(map);
    L.polyline(study.areas.map(flip), Object.assign({
      color: '#5a6570', weight: 1.2, dashArray: '6 4', opacity: 0.7
    }, still)).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    legend().addTo(map);
    board.study = study;
    board.points = study.points.at.map((at, number) => point(at, number, people).addTo(map));
    board.things = L.layerGroup().addTo(map);
    board.lines = L.layerGroup().addTo(map);
    board.renderer = things;
    map.on('click', (event) => app.tools.click(event.latlng));
    map.on('dblclick', () => app.tools.finish());
    map.on('mousemove', (event) => app.tools.move(event.latlng));
    root.addEventListener('keydown', (event) => app.tools.key(event));
  };

  function legend() {
    const control = L.control({ position: 'bottomright' });
    const dot = (key, style, shape) => app.make('div', { children: [
      app.make('i', { class: shape || '', style }), app.make('span', { text: app.tr(key) })
    ] });
    control.onAdd = () => app.make('div', { class: 'legend', children: [
      dot('state_2', 'background:' + COLOURS[2]), dot('state_1', 'background:' + COLOURS[1]),
      dot('state_0', 'background:' + COLOURS[0]), dot('legend_outlet', '', 'ring'),
      dot('legend_changed', '', 'ring changed'), dot('legend_proposed', '', 'site proposed'),
      dot('legend_accepted', '', 'site accepted')
    ] });
    return control;
  }

  function point(at, number, renderer) {
    const persons = board.study.points.residents[number];
    const marker = L.circleMarker([at[1], at[0]], {
      renderer, radius: 2.5 + Math.min(4.5, Math.sqrt(persons || 0) / 18), weight: 0.8,
      color: '#ffffff', fillOpacity: 0.9, bubblingMouseEvents: true
    });
    return marker.bindTooltip(() => tip(number), { sticky: true, opacity: 0.95 });
  }

  function tip(number) {
    const points = board.study.points, state = app.state.states[board.type][number];
    const persons = points.residents[number];
    return app.make('div', { children: [
      app.make('b', { text: points.name[number] || points.id[number] }),
      app.make('div', { text: persons === null ? app.tr('residents_unknown')
        : app.tr('residents', { count: app.number(persons) }) }),
      app.make('div', { text: app.tr('state_' + state) })
    ] });
  }

  board.show = function (state) {
    const states = state.states[board.type];
    board.points.forEach((marker, number) => {
      const colour = COLOURS[states[number]];
      if (marker.options.fillColor !== colour) marker.setStyle({ fillColor: colour });
    });
    board.things.clearLayers();
    board.lines.clearLayers();
    outlets(state);
    state.sites.forEach(site);
    Object.keys(state.barriers).forEach((id) => line(id, state.barriers[id], 'barrier'));
    Object.keys(state.footways).forEach((id) => line(id, state.footways[id], 'footway'));
  };

  const chosen = (type) => board.type === type || board.type === 'circle';

  function outlets(state) {
    const closed = new Set(state.closed);
    board.study.outlets.concat(state.added).forEach((one) => {
      if (closed.has(one.id) || !chosen(one.type)) return;
      const at = state.moved[one.id] || one.at;
      const own = state.added.indexOf(one) >= 0, moved = one.id in state.moved;
      outlet(one, at, own || moved);
    });
  }

  function outlet(one, at, changed) {
    const small = board.type === 'circle' && !changed;
    const marker = L.circleMarker([at[1], at[0]], {
      renderer: board.renderer, radius: small ? 3 : 6, weight: small ? 1 : 2, color: changed ? '#7a4a00' : '#16202a',
      fillColor: changed ? '#ffb000' : '#ffffff', fillOpacity: 1, bubblingMouseEvents: false
    });
    marker.on('click', () => popup(marker, one, [
      app.button('close_outlet', () => act({ kind: 'close', id: one.id }), { class: 'danger' })
    ], app.tr('drag_hint')));
    marker.on('mousedown', (event) => app.tools.drag(event, marker, one));
    board.things.addLayer(marker);
  }

  function site(one) {
    if (!chosen(one.type) || one.status === 'rejected') return;
    const accepted = one.status === 'accepted';
    const corner = L.latLng(one.at[1], one.at[0]);
    const icon = L.divIcon({ className: 'site ' + one.status, iconSize: [16, 16], html: '' });
    const marker = L.marker(corner, { icon, keyboard: true, title: one.name || one.id, alt: one.name || one.id });
    marker.on('click', () => popup(marker, one, [
      accepted ? null : app.button('accept', () => act({ kind: 'accept', id: one.id })),
      app.button('reject', () => act({ kind: 'reject', id: one.id }), { class: 'danger' })
    ], app.tr('site_newly', { count: app.number(one.newly_covered) })));
    board.things.addLayer(marker);
  }

  function line(id, corners, kind) {
    const drawn = L.polyline(corners.map((at) => [at[1], at[0]]), {
      renderer: board.renderer, color: kind === 'barrier' ? '#3b0764' : '#0b7a43', weight: 5,
      dashArray: kind === 'barrier' ? null : '8 6', bubblingMouseEvents: false
    });
    drawn.on('click', (event) => popup(drawn, { type: '', name: app.tr(kind), id }, [
      app.button('erase', () => act({ kind: 'erase', id }), { class: 'danger' })
    ], '', event.latlng));
    board.lines.addLayer(drawn);
  }

  function act(edit) {
    board.map.closePopup();
    app.edit(edit);
  }

  function popup(layer, one, buttons, note, at) {
    if (app.tools.busy()) return;
    const type = board.study.types.filter((kind) => kind.id === one.type)[0];
    const content = app.make('div', { class: 'card', children: [
      app.make('b', { text: one.name || one.id }),
      type ? app.make('div', { text: type.name }) : null,
      note ? app.make('div', { class: 'note', text: note }) : null,
      app.make('div', { class: 'row', children: buttons })
    ] });
    L.popup({ minWidth: 180 }).setLatLng(at || layer.getLatLng()).setContent(content).openOn(board.map);
  }
})(window);
