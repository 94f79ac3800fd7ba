// What the mouse and the keyboard do: add, drag, draw.
(function (root) {
  'use strict';
  const app = root.whatif, L = root.L;
  const tools = (app.tools = {});
  let corners = [], sketch = null, dragged = null, justDragged = false;

  tools.choose = function (tool) {
    cancel();
    app.board.tool = tool;
    document.body.dataset.tool = tool;
    app.panel.tools();
    const hint = { add: 'hint_add', barrier: 'hint_draw', footway: 'hint_draw' }[tool];
    if (hint) app.say(app.tr(hint));
  };

  tools.busy = () => app.board.tool !== 'look' || dragged !== null || justDragged;
  const place = (at) => [Number(at.lng.toFixed(6)), Number(at.lat.toFixed(6))];

  tools.click = function (at) {
    const board = app.board;
    if (board.tool === 'add') {
      if (board.type === 'circle') { app.say(app.tr('choose_type'), true); return; }
      app.edit({ kind: 'add', id: app.id('own'), type: board.type, at: place(at), name: '' });
    } else if (board.tool === 'barrier' || board.tool === 'footway') {
      corners.push(at);
      draw();
    }
  };

  tools.move = function (at) {
    if (dragged) dragged.marker.setLatLng(at);
    if (sketch && corners.length) sketch.setLatLngs(corners.concat([at]));
  };

  tools.finish = function () {
    const kind = app.board.tool;
    // The second click of a double click has put the last corner twice.
    const line = corners.map(place).filter((at, n, all) => !n || at[0] !== all[n - 1][0] || at[1] !== all[n - 1][1]);
    if (line.length > 1) app.edit({ kind, id: app.id(kind), line });
    if (corners.length) tools.choose('look');
  };

  tools.key = function (event) {
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === 'Escape') tools.choose('look');
    else if (event.key === 'Enter' && corners.length) tools.finish();
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z') {
      event.preventDefault();
      app.change(event.shiftKey ? '/api/redo' : '/api/undo');
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'y') {
      event.preventDefault();
      app.change('/api/redo');
    }
  };

  tools.drag = function (event, marker, one) {
    if (app.board.tool !== 'look') return;
    const map = app.board.map, from = event.latlng;
    L.DomEvent.stop(event.originalEvent);
    map.dragging.disable();
    dragged = { marker };
    root.addEventListener('mouseup', () => {
      map.dragging.enable();
      const to = marker.getLatLng();
      dragged = null;
      const far = map.latLngToLayerPoint(from).distanceTo(map.latLngToLayerPoint(to)) > 4;
      if (!far) return;
      justDragged = true;
      root.setTimeout(() => { justDragged = false; }, 50);
      app.edit({ kind: 'move', id: one.id, at: place(to) });
    }, { once: true });
  };

  function draw() {
    if (!sketch) {
      sketch = L.polyline([], { color: '#7a4a00', weight: 4, dashArray: '4 6', interactive: false });
      sketch.addTo(app.board.map);
    }
    sketch.setLatLngs(corners);
  }

  function cancel() {
    if (sketch) sketch.remove();
    sketch = null;
    corners = [];
  }
})(window);
